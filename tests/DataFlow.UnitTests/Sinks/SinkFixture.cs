using System.IO.Compression;
using System.Text;
using DataFlow.Connectors;
using DataFlow.UnitTests.Encoders;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Sinks;

/// <summary>A folder of its own, and a sink that is driven as the engine drives it: a commit first, then batches and commits.</summary>
public abstract class SinkFixture : IDisposable
{
    protected SinkFixture() => Folder = Directory.CreateTempSubdirectory("sink-").FullName;

    protected string Folder { get; }

    internal FakeTimeProvider Time { get; } = new(new DateTimeOffset(2024, 1, 1, 10, 0, 0, TimeSpan.Zero));

    internal FaultyFileSystem Files { get; } = new();

    protected string Target => Path.Combine(Folder, "users.ndjson");

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    internal async Task<FileSinkRun> OpenAsync(
        FileSinkOptions? options = null, string? state = null, string? path = null, bool startsOver = false)
    {
        var sink = new FileSinkConnector(path ?? Target, options ?? new FileSinkOptions(), Files);
        try
        {
            await sink.OpenAsync(Context(state) with { StartsOver = startsOver }, CancellationToken.None);
        }
        catch
        {
            await sink.DisposeAsync();
            throw;
        }

        var run = new FileSinkRun(sink) { State = state };
        if (state is null || startsOver)
        {
            await run.CommitAsync();
        }

        return run;
    }

    internal SinkContext Context(string? state) => new()
    {
        PipelineId = "users",
        Generation = 1,
        Epoch = 1,
        State = state,
        Time = Time,
        Pool = BatchPool.Shared,
        Logger = NullLogger.Instance,
    };

    internal async Task<string> RefusalAsync(FileSinkOptions? options = null, string? state = null, string? path = null)
    {
        var refusal = await Assert.ThrowsAsync<ConnectorException>(() => OpenAsync(options, state, path));
        Assert.Equal(FaultOwner.User, refusal.Owner);
        return refusal.Message;
    }

    protected string Text(string name = "users.ndjson") => File.ReadAllText(Path.Combine(Folder, name));

    protected string Gunzipped(string name = "users.ndjson")
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(Folder, name)), CompressionMode.Decompress),
            Encoding.UTF8);
        return reader.ReadToEnd();
    }

    protected IEnumerable<string> FileNames() =>
        Directory.GetFiles(Folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);
}

/// <summary>An open sink.</summary>
internal sealed class FileSinkRun(FileSinkConnector sink) : IAsyncDisposable
{
    public string? State { get; set; }

    public FileSinkConnector Sink => sink;

    /// <summary>Writes a batch of records <c>{"n":"..."}</c>, on a worker if the sink lets it.</summary>
    public Task<WriteResult> WriteAsync(params int[] numbers) =>
        WriteAsync(Rows.Texts(["n"], numbers.Select(number => new[] { number.ToString() })));

    public async Task<WriteResult> WriteAsync(RecordBatch batch)
    {
        try
        {
            if (sink.Encoder is not { } encoder)
            {
                return await sink.WriteAsync(batch, CancellationToken.None);
            }

            using var encoded = encoder.Encode(batch);
            var result = await sink.WriteAsync(encoded, CancellationToken.None);
            return result with { Refused = [.. encoded.Refused, .. result.Refused ?? []] };
        }
        finally
        {
            batch.Release();
        }
    }

    public async Task CommitAsync() => State = await sink.CommitAsync(Checkpoint.None, CancellationToken.None);

    public ValueTask DisposeAsync() => sink.DisposeAsync();
}
