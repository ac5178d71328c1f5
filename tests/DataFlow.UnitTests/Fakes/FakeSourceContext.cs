using System.Collections.Concurrent;
using DataFlow.Conformance;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Fakes;

/// <summary>
/// What an engine would give a source, without an engine: a clock that tests move, positions that tests set, and a record of
/// everything that the source reports. The pool is its own, so that <c>Pool.Lent</c> shows leaks.
/// </summary>
internal sealed class TestSourceContext : SourceContext
{
    public FakeTimeProvider Clock { get; init; } = new(new DateTimeOffset(2024, 1, 1, 10, 0, 0, TimeSpan.Zero));

    public Dictionary<string, SplitPosition> Positions { get; } = [];

    public ConcurrentQueue<(SourceHealth Health, string Reason)> Reports { get; } = [];

    public ConcurrentQueue<SourceGap> Gaps { get; } = [];

    public CollectedLog Log { get; } = new();

    public List<Exception> ConnectionErrors { get; } = [];

    public List<string> LostSplits { get; } = [];

    public int CaughtUpCalls { get; private set; }

    /// <summary>Ends when the source has asked for a drain.</summary>
    public TaskCompletionSource Draining { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int MostRecords { get; init; } = 1000;

    public int MostBytes { get; init; } = 1 << 20;

    public TimeSpan Latency { get; init; } = TimeSpan.FromSeconds(1);

    public string? StateFolder { get; init; }

    public Until RunUntil { get; init; } = Until.CaughtUp;

    public int WorkerCount { get; init; } = 1;

    public override string PipelineId => "pipeline-1";

    public override string SourceId => "fake-source-pipeline-1-000001";

    public override Until Until => RunUntil;

    public override int BatchSize => MostRecords;

    public override int BatchBytes => MostBytes;

    public override TimeSpan MaxLatency => Latency;

    public override TimeSpan PollInterval => TimeSpan.FromSeconds(1);

    public override int Workers => WorkerCount;

    public override TimeProvider Time => Clock;

    public override BatchPool Pool { get; } = new();

    public override ILogger Logger => Log;

    public override string? Folder => StateFolder;

    public override IReadOnlyCollection<string> KnownSplits => Positions.Keys;

    public override SplitPosition? PositionOf(string split) => Positions.TryGetValue(split, out var position) ? position : null;

    /// <summary>Stores the positions that a batch has reached, as a commit would.</summary>
    public void Commit(RecordBatch batch)
    {
        foreach (var advance in batch.Advances)
        {
            if (advance.Position == Position.Gone)
            {
                Positions.Remove(advance.Split);
            }
            else
            {
                Positions[advance.Split] = advance.Position.ToSplitPosition();
            }
        }
    }

    public override ValueTask<IReadOnlyDictionary<string, SplitPosition>> DrainAsync(
        IReadOnlyCollection<string> splits, DateTimeOffset deadline, CancellationToken ct)
    {
        Draining.TrySetResult();
        return ValueTask.FromResult<IReadOnlyDictionary<string, SplitPosition>>(
            Positions.Where(pair => splits.Contains(pair.Key)).ToDictionary());
    }

    public override void Lost(IReadOnlyCollection<string> splits) => LostSplits.AddRange(splits);

    public override void CaughtUp() => CaughtUpCalls++;

    public override void Report(SourceHealth health, string reason) => Reports.Enqueue((health, reason));

    public override ValueTask ReportGapAsync(SourceGap gap, CancellationToken ct)
    {
        Gaps.Enqueue(gap);
        return ValueTask.CompletedTask;
    }

    public override void ReportConnectionError(Exception error) => ConnectionErrors.Add(error);

    public override Batcher CreateBatcher() => new(this);
}
