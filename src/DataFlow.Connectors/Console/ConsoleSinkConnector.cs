using System.Text;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>Shows records on a stream that people look at.</summary>
/// <param name="options">How to show them.</param>
/// <param name="open">Opens the stream; it is closed with the sink.</param>
/// <param name="hasColour">Tells whether escape sequences for colours are understood there.</param>
internal sealed class ConsoleSinkConnector(ConsoleSinkOptions options, Func<Stream> open, Func<bool> hasColour) : ISink
{
    private static readonly ReadOnlyMemory<byte> BlankLine = "\n"u8.ToArray();

    private readonly StringBuilder _text = new();
    private readonly List<RefusedRow> _refused = [];
    private Stream _stream = Stream.Null;
    private BatchPool _pool = BatchPool.Shared;
    private NdjsonEncoder? _ndjson;
    private CsvEncoder? _csv;
    private TextTable? _table;

    /// <inheritdoc/>
    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        _stream = open();
        _pool = context.Pool;
        _table = null;
        _ndjson = options.Format == ConsoleFormat.Ndjson ? new NdjsonEncoder(_pool, options.Envelope) : null;
        _csv = null;
        return ValueTask.FromResult<Checkpoint?>(null);
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Count == 0)
        {
            return WriteResult.Written;
        }

        _refused.Clear();
        try
        {
            switch (options.Format)
            {
                case ConsoleFormat.Table:
                    await WriteTableAsync(batch, ct).ConfigureAwait(false);
                    break;
                case ConsoleFormat.Csv:
                    await WriteCsvAsync(batch, ct).ConfigureAwait(false);
                    break;
                default:
                    await WriteAsync(_ndjson!.Encode(batch), ct).ConfigureAwait(false);
                    break;
            }

            return new WriteResult([.. _refused]);
        }
        catch (IOException e)
        {
            throw ConnectorException.User($"Standard output takes no more: {e.Message} The program that read it may have ended.", e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        await _stream.FlushAsync(ct).ConfigureAwait(false);
        return null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async ValueTask WriteTableAsync(RecordBatch batch, CancellationToken ct)
    {
        if (_table is null || !_table.Fits(batch.Schema.Names))
        {
            _text.Append(_table is null ? "" : "\n");
            _table = new TextTable(batch.Schema.Names, RowsOf(batch), options.MaxWidth, hasColour());
            _table.AppendHeader(_text);
        }

        foreach (var row in RowsOf(batch))
        {
            _table.AppendRow(_text, row);
        }

        await _stream.WriteAsync(Encoding.UTF8.GetBytes(_text.ToString()), ct).ConfigureAwait(false);
        _text.Clear();
    }

    private static IEnumerable<IReadOnlyList<string?>> RowsOf(RecordBatch batch)
    {
        var values = new string?[batch.Schema.Names.Count];
        for (var index = 0; index < batch.Count; index++)
        {
            for (var column = 0; column < values.Length; column++)
            {
                var field = batch.Field(batch.RowAt(index), column);
                values[column] = field.Kind is FieldKind.Null ? null : Encoding.UTF8.GetString(FieldText.Decode(batch, field));
            }

            yield return values;
        }
    }

    /// <summary>Writes CSV; a record with a new field starts a new header after a blank line, so that nothing is left out.</summary>
    private async ValueTask WriteCsvAsync(RecordBatch batch, CancellationToken ct)
    {
        for (var from = 0; from < batch.Count;)
        {
            var csv = _csv;
            if (csv is null || csv.FirstRowWithNewField(batch, from) == from)
            {
                await _stream.WriteAsync(csv is null ? default : BlankLine, ct).ConfigureAwait(false);
                _csv = csv = csv?.WithFieldsOf(batch, batch.RowAt(from)) ?? FirstEncoder(batch);
                await _stream.WriteAsync(csv.Header, ct).ConfigureAwait(false);
            }

            var to = csv.FirstRowWithNewField(batch, from);
            await WriteAsync(csv.Encode(batch, from, to), ct).ConfigureAwait(false);
            from = to;
        }
    }

    private CsvEncoder FirstEncoder(RecordBatch batch) => new(
        _pool, options.Csv, options.Columns.Count > 0 ? options.Columns : CsvEncoder.ColumnsOf(batch, batch.RowAt(0)));

    private async ValueTask WriteAsync(EncodedBatch encoded, CancellationToken ct)
    {
        using (encoded)
        {
            _refused.AddRange(encoded.Refused);
            await _stream.WriteAsync(encoded.Bytes, ct).ConfigureAwait(false);
        }
    }
}
