using System.Runtime.CompilerServices;

namespace DataFlow.Connectors;

/// <summary>Reads a REST API: poll after poll, all pages of each, never two at once.</summary>
/// <param name="settings">With <see cref="ApiSourceOptions"/>.</param>
internal sealed class ApiSourceConnector(SourceSettings settings) : ISource
{
    /// <summary>The only split.</summary>
    public const string Split = "api";

    private readonly ApiSourceOptions _options = (ApiSourceOptions)settings.Options;

    /// <inheritdoc/>
    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(context);
        var progress = new ApiProgress(context);
        var metrics = HttpMetrics.OfSource(context.PipelineId, SourceType.Api);
        var address = new Uri(settings.Connection);
        using var transport = new HttpTransport(_options, new HttpSetup
        {
            Origin = address,
            BaseDirectory = settings.BaseDirectory,
            Time = context.Time,
            Logger = context.Logger,
            Watcher = progress,
            Metrics = metrics,
        });
        using var poll = new ApiPoll(_options, address, context, transport, metrics, progress);
        var isNamed = false;
        while (!stop.IsCancellationRequested)
        {
            var started = context.Time.GetTimestamp();
            if (poll.HasEnded)
            {
                poll.Begin();
            }

            while (await poll.NextAsync(stop).ConfigureAwait(false) is { } batch)
            {
                yield return batch;
            }

            if (stop.IsCancellationRequested)
            {
                yield break;
            }

            context.CaughtUp();
            if (!isNamed && context.Until == Until.Forever && context.Time.GetElapsedTime(started) is var took && took > context.PollInterval)
            {
                isNamed = true;
                context.Logger.Hint(
                    $"A poll took {took.TotalSeconds:0.#} s, longer than the pause between polls (poll-interval-ms: {context.PollInterval.TotalSeconds:0.###} s). "
                    + "Polls never overlap; raise poll-interval-ms, or ask for less: by cursor, in larger pages, or incrementally.");
            }

            if (context.Until == Until.CaughtUp || !await Pause.For(context, stop).ConfigureAwait(false))
            {
                yield break;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
