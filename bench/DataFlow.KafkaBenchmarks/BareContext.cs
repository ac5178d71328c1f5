using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.KafkaBenchmarks;

/// <summary>The least that a source needs: no engine, nothing is stored.</summary>
internal sealed class BareContext : SourceContext
{
    public override string PipelineId => "bench";

    public override string SourceId => "kafka-source-bench";

    public override Until Until => Until.CaughtUp;

    public override int BatchSize => 2000;

    public override int BatchBytes => 512 << 10;

    public override TimeSpan MaxLatency => TimeSpan.FromSeconds(1);

    public override TimeSpan PollInterval => TimeSpan.FromSeconds(1);

    public override int Workers => 1;

    public override TimeProvider Time => TimeProvider.System;

    public override BatchPool Pool => BatchPool.Shared;

    public override ILogger Logger => NullLogger.Instance;

    public override IReadOnlyCollection<string> KnownSplits => [];

    public override SplitPosition? PositionOf(string split) => null;

    public override ValueTask<IReadOnlyDictionary<string, SplitPosition>> DrainAsync(
        IReadOnlyCollection<string> splits, DateTimeOffset deadline, CancellationToken ct) =>
        ValueTask.FromResult<IReadOnlyDictionary<string, SplitPosition>>(new Dictionary<string, SplitPosition>());

    public override void Lost(IReadOnlyCollection<string> splits)
    {
    }

    public override void CaughtUp()
    {
    }

    public override void Report(SourceHealth health, string reason)
    {
    }

    public override void ReportConnectionError(Exception error)
    {
    }

    public override Batcher CreateBatcher() => throw new NotSupportedException("The Kafka source fills its batches itself.");
}
