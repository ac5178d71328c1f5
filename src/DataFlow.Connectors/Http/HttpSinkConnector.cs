using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Sends records to an HTTP server, in order. A request that is answered with success is delivered; what is sent again after a
/// failure carries the same idempotency key.
/// </summary>
/// <param name="settings">With <see cref="HttpSinkOptions"/>.</param>
internal sealed class HttpSinkConnector(SinkSettings settings) : ISink
{
    /// <summary>A write can't be stopped, so that a longer wait is left to the pause between two attempts.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private static readonly int[] Refusals = [400, 409, 413, 422];
    private static readonly int[] RefusalsOfAddresses = [.. Refusals, 404, 410];

    private readonly HttpSinkOptions _options = (HttpSinkOptions)settings.Options;
    private HttpTransport? _transport;
    private HttpRepetition? _repetition;
    private HttpSinkRequests? _requests;

    /// <inheritdoc/>
    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        Close();
        _requests = new HttpSinkRequests(_options, settings.Connection, context.Pool);
        _repetition = new HttpRepetition(_options, context.Time, context.Logger);
        _transport = new HttpTransport(_options, new HttpSetup
        {
            Origin = HttpSinkDefinition.OriginOf(settings.Connection),
            BaseDirectory = settings.BaseDirectory,
            Time = context.Time,
            Logger = context.Logger,
            Watcher = new Watcher(context.Logger),
            Metrics = HttpMetrics.OfSink(context.PipelineId, HttpSinkDefinition.Name),
            Refusals = _requests.HasPlaceholders ? RefusalsOfAddresses : Refusals,
            LongestWait = LongestWait,
        });
        return ValueTask.FromResult<Checkpoint?>(null);
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var requests = _requests ?? throw new InvalidOperationException("The sink is not open.");
        var refused = new List<RefusedRow>(requests.Begin(batch));
        for (var first = 0; first < requests.Count;)
        {
            var count = requests.SizeFrom(first);
            await SendAsync(requests, first, count, refused, ct).ConfigureAwait(false);
            first += count;
        }

        return new WriteResult(refused);
    }

    /// <inheritdoc/>
    public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct) => ValueTask.FromResult<string?>(null);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends some records; what is refused is halved until it is known which record is to blame.</summary>
    private async ValueTask SendAsync(HttpSinkRequests requests, int first, int count, List<RefusedRow> refused, CancellationToken ct)
    {
        var (call, missing) = requests.Make(first, count);
        if (call is null)
        {
            refused.Add(new RefusedRow(requests.RowOf(first), "no-address", $"The record has no '{missing}', which the address {HttpAddress.Show(settings.Connection)} needs."));
            return;
        }

        try
        {
            await _repetition!.RunAsync(
                async stop =>
                {
                    using var answer = await _transport!.SendAsync(call, stop).ConfigureAwait(false);
                    return answer.Status;
                },
                ct).ConfigureAwait(false);
        }
        catch (HttpFault fault)
        {
            if (count == 1)
            {
                refused.Add(new RefusedRow(requests.RowOf(first), $"status-{fault.Status}", fault.Message));
                return;
            }

            var half = count / 2;
            await SendAsync(requests, first, half, refused, ct).ConfigureAwait(false);
            await SendAsync(requests, first + half, count - half, refused, ct).ConfigureAwait(false);
        }
    }

    private void Close()
    {
        _transport?.Dispose();
        _transport = null;
        _requests?.Dispose();
        _requests = null;
    }

    /// <summary>A sink has nobody to report to but the log.</summary>
    private sealed class Watcher(ILogger logger) : IHttpWatcher
    {
        public void Waits(string reason) => logger.Hint(reason);

        public void Works()
        {
        }

        public void ConnectionFailed(Exception error) => logger.Hint(error.Message);
    }
}
