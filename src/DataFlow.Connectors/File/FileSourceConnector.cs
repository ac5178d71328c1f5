using DataFlow.Formats;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.Connectors;

/// <summary>Reads files: once, following them as they grow, or as they come into a folder.</summary>
internal sealed class FileSourceConnector : IAcknowledgedSource, IBacklogSource, IConnectionCheck
{
    private readonly SourceSettings _settings;
    private readonly FileSourceOptions _options;
    private readonly Func<FormatOptions, IRecordReader> _createReader;
    private readonly FileCompletion _completion;
    private readonly FileProgress _progress = new();
    private ILogger _logger = NullLogger.Instance;

    /// <summary>Creates a source. Nothing is opened yet.</summary>
    /// <param name="settings">With <see cref="FileSourceOptions"/>.</param>
    /// <param name="createReader">Makes the reader for one file.</param>
    public FileSourceConnector(SourceSettings settings, Func<FormatOptions, IRecordReader> createReader)
    {
        _settings = settings;
        _options = (FileSourceOptions)settings.Options;
        _createReader = createReader;
        _completion = new FileCompletion(_options, settings.BaseDirectory);
    }

    /// <inheritdoc/>
    public long? BacklogBytes => _progress.Left;

    /// <inheritdoc/>
    public long? TotalBytes => _progress.Total;

    /// <inheritdoc/>
    public IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, CancellationToken stop)
    {
        _logger = context.Logger;
        var setup = new FileSetup(_settings, _options, _createReader, context);
        var pattern = new FilePattern(_settings, _options);
        if (!_settings.Share.IsWhole && !pattern.IsPattern)
        {
            _logger.LogWarning(
                "{Connection} is a single file: one of the {Instances} instances reads it and the others have nothing to do. Name several with a pattern, such as in/*.csv.",
                _settings.ConfiguredConnection,
                _settings.Share.Count);
        }

        return _options.Mode == FileReadMode.Tail
            ? new TailReader(setup, pattern, _progress).ReadAsync(stop)
            : new WholeFileReader(setup, pattern, _progress).ReadAsync(_completion, stop);
    }

    /// <inheritdoc/>
    public ValueTask AcknowledgeAsync(IReadOnlyList<Advance> advances, CancellationToken ct)
    {
        foreach (var advance in advances)
        {
            if (advance.Position is FilePosition position)
            {
                _completion.Complete(position, _logger);
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask CheckAsync(CancellationToken ct)
    {
        var pattern = new FilePattern(_settings, _options);
        var found = pattern.Find();
        if (found.Count == 0 && _options.Mode == FileReadMode.Once)
        {
            throw pattern.IsPattern ? FileFaults.NothingMatches(pattern) : FileFaults.NotFound(_settings.Connection, _settings);
        }

        if (!Directory.Exists(pattern.Folder))
        {
            throw FileFaults.NotFound(pattern.Folder, _settings);
        }

        foreach (var file in found)
        {
            ct.ThrowIfCancellationRequested();
            FileOpener.OpenHandle(file.Path)?.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
