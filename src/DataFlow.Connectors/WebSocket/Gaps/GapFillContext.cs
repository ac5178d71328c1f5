using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>What the API of a gap may ask of the engine: it reads once, and what it reports is told of the gap.</summary>
internal sealed class GapFillContext(SourceContext stream, StreamHealth streamHealth, SourceGap gap, ApiPosition? position) : SourceContext
{
    public override string PipelineId => stream.PipelineId;

    public override string SourceId => stream.SourceId;

    public override Until Until => Until.CaughtUp;

    public override int BatchSize => stream.BatchSize;

    public override int BatchBytes => stream.BatchBytes;

    public override TimeSpan MaxLatency => stream.MaxLatency;

    public override TimeSpan PollInterval => stream.PollInterval;

    public override int Workers => stream.Workers;

    public override TimeProvider Time => stream.Time;

    public override BatchPool Pool => stream.Pool;

    public override ILogger Logger => stream.Logger;

    public override IReadOnlyCollection<string> KnownSplits => position is null ? [] : [ApiSourceConnector.Split];

    public override SplitPosition? PositionOf(string split) => position?.ToSplitPosition();

    public override ValueTask<IReadOnlyDictionary<string, SplitPosition>> DrainAsync(
        IReadOnlyCollection<string> splits, DateTimeOffset deadline, CancellationToken ct) => stream.DrainAsync(splits, deadline, ct);

    public override void Lost(IReadOnlyCollection<string> splits) => stream.Lost(splits);

    public override void CaughtUp()
    {
        // The stream goes on.
    }

    public override void Report(SourceHealth health, string reason)
    {
        // The stream's own health is another matter.
        if (health != SourceHealth.Healthy)
        {
            streamHealth.Unfilled(gap, reason);
        }
    }

    public override void ReportConnectionError(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        Report(SourceHealth.Waiting, error.Message);
    }

    public override Batcher CreateBatcher() => stream.CreateBatcher();
}
