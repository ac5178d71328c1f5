using DataFlow.Formats;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Writes records into a file. What was written after the last commit is undone at the next start, so nothing is there twice.
/// </summary>
/// <param name="path">Absolute path of the target.</param>
/// <param name="options">How to write.</param>
/// <param name="files">The file system.</param>
internal sealed class FileSinkConnector(string path, FileSinkOptions options, IFileOperations files) : IParallelSink
{
    private static readonly byte[] LineEnd = [(byte)'\n'];

    private FileSinkOutput? _output;
    private IBatchEncoder? _encoder;
    private BatchPool _pool = BatchPool.Shared;
    private ILogger? _logger;
    private bool _needsLineEnd;
    private bool _hasDurableState;
    private long _reportedDrops;

    /// <inheritdoc/>
    public IBatchEncoder? Encoder => options is { Format: OutputFormat.Csv, OnNewField: NewFieldPolicy.Rotate } ? null : _encoder;

    private FileSinkOutput Output => _output ?? throw new InvalidOperationException("The sink is not open.");

    /// <inheritdoc/>
    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        var stored = FileSinkState.Parse(context.State);
        var state = context.StartsOver ? null : stored;
        var former = context.StartsOver ? stored : null;
        _output?.Dispose();
        _pool = context.Pool;
        _logger = context.Logger;
        _hasDurableState = state is not null;
        _encoder = CreateEncoder(state);
        _output = new FileSinkOutput(path, options, files, context.Time, context.Logger);
        _output.Open(state, former);
        if (state is null && !_output.IsEmpty)
        {
            CheckAppend();
        }

        _needsLineEnd = options.Compression == OutputCompression.None && _output.EndsInsideLine();
        return ValueTask.FromResult<Checkpoint?>(null);
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (_encoder is null)
        {
            if (batch.Count == 0)
            {
                return WriteResult.Written;
            }

            _encoder = new CsvEncoder(_pool, options, CsvEncoder.ColumnsOf(batch, batch.RowAt(0)));
        }

        if (_encoder is CsvEncoder csv && options.OnNewField == NewFieldPolicy.Rotate)
        {
            return await WriteRotatingAsync(csv, batch, ct).ConfigureAwait(false);
        }

        using var encoded = _encoder.Encode(batch);
        var result = await WriteAsync(encoded, ct).ConfigureAwait(false);
        return result with { Refused = encoded.Refused };
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(EncodedBatch encoded, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        if (encoded.Length > 0)
        {
            await Output.RotateIfDueAsync(ct).ConfigureAwait(false);
            await WriteStartAsync(ct).ConfigureAwait(false);
            await Output.WriteAsync(encoded.Bytes, ct).ConfigureAwait(false);
        }

        return new WriteResult(CommitNow: Output.WantsCommit);
    }

    /// <inheritdoc/>
    public async ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        ReportDrops();
        if (_hasDurableState)
        {
            // Nothing is written before the first commit, so that an empty file still counts as new after a crash.
            await WriteStartAsync(ct).ConfigureAwait(false);
        }

        var state = await Output.CommitAsync(ct).ConfigureAwait(false);
        _hasDurableState = true;
        return state is null ? null : (state with { Columns = (_encoder as CsvEncoder)?.Columns }).ToJson();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _output?.Dispose();
        _output = null;
        return ValueTask.CompletedTask;
    }

    private async ValueTask<WriteResult> WriteRotatingAsync(CsvEncoder csv, RecordBatch batch, CancellationToken ct)
    {
        var refused = new List<RefusedRow>();
        for (var from = 0; from < batch.Count;)
        {
            var to = csv.FirstRowWithNewField(batch, from);
            if (to > from)
            {
                using var encoded = csv.Encode(batch, from, to);
                await WriteAsync(encoded, ct).ConfigureAwait(false);
                refused.AddRange(encoded.Refused);
            }

            if (to < batch.Count)
            {
                _encoder = csv = csv.WithFieldsOf(batch, batch.RowAt(to));
                if (!Output.IsEmpty)
                {
                    await Output.RotateAsync(ct).ConfigureAwait(false);
                }
            }

            from = to;
        }

        return new WriteResult(refused, Output.WantsCommit);
    }

    /// <summary>
    /// Writes what stands before the first record: a CSV header in an empty file, a line end after somebody else's last line.
    /// </summary>
    private async ValueTask WriteStartAsync(CancellationToken ct)
    {
        if (_needsLineEnd)
        {
            _needsLineEnd = false;
            await Output.WriteAsync(LineEnd, ct).ConfigureAwait(false);
        }

        if (_encoder is CsvEncoder csv && Output.IsEmpty)
        {
            await Output.WriteAsync(csv.Header, ct).ConfigureAwait(false);
        }
    }

    private IBatchEncoder? CreateEncoder(FileSinkState? state)
    {
        switch (options.Format)
        {
            case OutputFormat.Ndjson:
                return new NdjsonEncoder(_pool, options.Envelope);
            case OutputFormat.Text:
                return new TextEncoder(_pool, options.Field);
        }

        var columns = state?.Columns ?? options.Columns;
        if (options is { OnNewField: not NewFieldPolicy.Rotate, Columns.Count: > 0 } && !columns.SequenceEqual(options.Columns))
        {
            throw ConnectorException.User(
                $"The file {path} has the columns {string.Join(", ", columns)}, but the option columns now says "
                    + $"{string.Join(", ", options.Columns)}. "
                + "Put the option back, or start over with --fresh and another file or if-exists: overwrite.");
        }

        return columns.Count > 0 ? new CsvEncoder(_pool, options, columns) : null;
    }

    private void CheckAppend()
    {
        if (options.Format != OutputFormat.Csv || !options.Header || options.Compression != OutputCompression.None)
        {
            return;
        }

        if (_encoder is not CsvEncoder csv)
        {
            throw ConnectorException.User($"To append to {path}, list its columns in the option columns: records have to fit "
                + "under its header.");
        }

        if (!Output.StartsWith(csv.Header.Span))
        {
            throw ConnectorException.User(
                $"Nothing can be appended to {path}: its first line is not the header "
                    + $"{System.Text.Encoding.UTF8.GetString(csv.Header.Span).TrimEnd()}. "
                + "Set columns to the file's own columns, or choose another file.");
        }
    }

    private void ReportDrops()
    {
        if (_encoder is CsvEncoder { DroppedValues: var drops } && drops > _reportedDrops)
        {
            _logger?.LogWarning("{Path}: {Count} values of fields without a column were left out so far (on-new-field: "
                + "drop-counted).", path, drops);
            _reportedDrops = drops;
        }
    }
}
