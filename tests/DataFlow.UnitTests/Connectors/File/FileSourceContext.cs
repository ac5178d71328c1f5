using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Connectors;

/// <summary>An engine's side of a file source: positions and log lines are kept, the clock is moved by hand.</summary>
internal sealed class FileSourceContext : SourceContext, ILogger
{
    public SteppedClock Clock { get; init; } = new();

    public Dictionary<string, SplitPosition> Positions { get; init; } = [];

    public List<string> Messages { get; } = [];

    public int MostRecords { get; init; } = 1000;

    public int MostBytes { get; init; } = 512 << 10;

    public Until RunUntil { get; init; } = Until.CaughtUp;

    public int WorkerCount { get; init; } = 1;

    public int CaughtUpCalls { get; private set; }

    public string Pipeline { get; init; } = "pipeline-1";

    public override string PipelineId => Pipeline;

    public override string SourceId => "file-source-pipeline-1-000001";

    public override Until Until => RunUntil;

    public override int BatchSize => MostRecords;

    public override int BatchBytes => MostBytes;

    public override TimeSpan MaxLatency => TimeSpan.FromSeconds(1);

    public override TimeSpan PollInterval => TimeSpan.FromSeconds(1);

    public override int Workers => WorkerCount;

    public override TimeProvider Time => Clock;

    public override BatchPool Pool { get; } = new();

    public override ILogger Logger => this;

    public override IReadOnlyCollection<string> KnownSplits => Positions.Keys;

    public override SplitPosition? PositionOf(string split) => Positions.TryGetValue(split, out var position) ? position : null;

    public override ValueTask<IReadOnlyDictionary<string, SplitPosition>> DrainAsync(
        IReadOnlyCollection<string> splits, DateTimeOffset deadline, CancellationToken ct) => throw new NotSupportedException();

    public override void Lost(IReadOnlyCollection<string> splits) => throw new NotSupportedException();

    public override void CaughtUp() => CaughtUpCalls++;

    public override void Report(SourceHealth health, string reason) => Messages.Add($"{health}: {reason}");

    public override void ReportConnectionError(Exception error) => Messages.Add(error.Message);

    public override Batcher CreateBatcher() => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel > LogLevel.Debug)
        {
            Messages.Add($"{logLevel}: {formatter(state, exception)}");
        }
    }
}

/// <summary>A clock that tells when somebody has begun to wait for it, so that it is never moved too early.</summary>
internal sealed class SteppedClock() : FakeTimeProvider(new DateTimeOffset(2024, 1, 1, 10, 0, 0, TimeSpan.Zero))
{
    private readonly SemaphoreSlim _waits = new(0);

    /// <summary>Waits that are shorter than this are over at once: the clock jumps to their end.</summary>
    public TimeSpan JumpsBelow { get; init; }

    public Task SomebodyWaits() => _waits.WaitAsync(TimeSpan.FromSeconds(20));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _waits.Release();
        if (dueTime > TimeSpan.Zero && dueTime < JumpsBelow)
        {
            ThreadPool.QueueUserWorkItem(_ => Advance(dueTime));
        }

        return timer;
    }
}
