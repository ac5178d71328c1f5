using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace DataFlow.Engine;

/// <summary>What the engine offers to the source of one attempt.</summary>
internal sealed class AttemptContext(
    PipelineSpec spec, string sourceId, Checkpoint start, RunProgress progress, BatchPool pool, TimeProvider time, ILogger logger)
    : SourceContext
{
    private static readonly TimeSpan MostWait = TimeSpan.FromDays(30);

    private readonly ConcurrentDictionary<string, SplitPosition> _positions = new(start.Splits);
    private readonly Lock _gate = new();
    private readonly HashSet<string> _lost = [];
    private readonly List<TaskCompletionSource> _drains = [];
    private readonly HashSet<string> _newlyLost = [];
    private TaskCompletionSource _wake = NewSignal();
    private bool _isClosed;

    public override string PipelineId => spec.PipelineId;

    public override string SourceId => sourceId;

    public override Until Until => spec.Until;

    public override int BatchSize => spec.BatchSize;

    public override int BatchBytes => spec.BatchBytes;

    public override TimeSpan MaxLatency => spec.MaxLatency;

    public override TimeSpan PollInterval => spec.PollInterval;

    public override int Workers => spec.Workers;

    public override TimeProvider Time => time;

    public override BatchPool Pool => pool;

    public override ILogger Logger => logger;

    public override string? Folder => spec.StateFolder is { } folder ? Path.Combine(folder, "sources", spec.PipelineId) : null;

    public override IReadOnlyCollection<string> KnownSplits => [.. _positions.Keys];

    /// <summary>Called with each failed connection that the source survives.</summary>
    public Action<Exception>? OnConnectionError { get; init; }

    /// <summary>Called with each gap of the source.</summary>
    public Func<SourceGap, CancellationToken, ValueTask>? OnGap { get; init; }

    /// <summary>Ends when the source asks for something that the attempt has to do now.</summary>
    public Task Wake
    {
        get { lock (_gate) { return _wake.Task; } }
    }

    /// <summary>True while a split belongs to somebody else: until the source asks for its position again.</summary>
    public bool IsLost(string split)
    {
        lock (_gate)
        {
            return _lost.Contains(split);
        }
    }

    public override SplitPosition? PositionOf(string split)
    {
        lock (_gate)
        {
            _lost.Remove(split);
        }

        return _positions.TryGetValue(split, out var position) ? position : null;
    }

    public override async ValueTask<IReadOnlyDictionary<string, SplitPosition>> DrainAsync(
        IReadOnlyCollection<string> splits, DateTimeOffset deadline, CancellationToken ct)
    {
        var drained = NewSignal();
        lock (_gate)
        {
            if (_isClosed)
            {
                drained.SetResult();
            }
            else
            {
                _drains.Add(drained);
                _wake.TrySetResult();
            }
        }

        try
        {
            await drained.Task.WaitAsync(UntilDeadline(deadline), time, ct).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // What is durable by the deadline is what counts.
        }

        return splits.Where(_positions.ContainsKey).ToDictionary(split => split, split => _positions[split]);
    }

    public override void Lost(IReadOnlyCollection<string> splits)
    {
        lock (_gate)
        {
            _lost.UnionWith(splits);
            _newlyLost.UnionWith(splits);
            _wake.TrySetResult();
        }
    }

    public override void CaughtUp() => progress.CaughtUp();

    public override void Report(SourceHealth health, string reason) => progress.Report(health, reason);

    public override void ReportConnectionError(Exception error)
    {
        progress.Report(SourceHealth.Unhealthy, error.Message);
        OnConnectionError?.Invoke(error);
    }

    public override ValueTask ReportGapAsync(SourceGap gap, CancellationToken ct) => OnGap?.Invoke(gap, ct) ?? ValueTask.CompletedTask;

    public override Batcher CreateBatcher() => new(this);

    /// <summary>Drains that wait for a commit of everything yielded so far.</summary>
    public IReadOnlyList<TaskCompletionSource> TakeDrains()
    {
        lock (_gate)
        {
            TaskCompletionSource[] drains = [.. _drains];
            _drains.Clear();
            _wake = NewSignal();
            return drains;
        }
    }

    /// <summary>Splits that were lost since the last call.</summary>
    public IReadOnlyCollection<string> TakeLost()
    {
        lock (_gate)
        {
            string[] lost = [.. _newlyLost];
            _newlyLost.Clear();
            return lost;
        }
    }

    /// <summary>The attempt is over: nothing more is committed, so that drains have nothing to wait for.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
        }

        foreach (var drain in TakeDrains())
        {
            drain.TrySetResult();
        }
    }

    /// <summary>Replaces the positions, before the source reads.</summary>
    public void StartAt(IReadOnlyDictionary<string, SplitPosition> splits)
    {
        _positions.Clear();
        foreach (var (split, position) in splits)
        {
            _positions[split] = position;
        }
    }

    /// <summary>A batch of an earlier attempt is still here and will be written: the source goes on after it.</summary>
    public void Holds(IReadOnlyList<Advance> advances)
    {
        foreach (var advance in advances)
        {
            if (advance.Position == Position.Gone)
            {
                _positions.TryRemove(advance.Split, out _);
            }
            else
            {
                _positions[advance.Split] = advance.Position.ToSplitPosition();
            }
        }
    }

    /// <summary>Makes committed positions visible to the source.</summary>
    public void Committed(Checkpoint commit)
    {
        foreach (var (split, position) in commit.Splits)
        {
            _positions[split] = position;
        }

        foreach (var split in commit.Gone)
        {
            _positions.TryRemove(split, out _);
        }
    }

    /// <summary>What timers can count to is the most: a deadline may stand for "never".</summary>
    private TimeSpan UntilDeadline(DateTimeOffset deadline)
    {
        var left = deadline - time.GetUtcNow();
        return left < TimeSpan.Zero ? TimeSpan.Zero : left > MostWait ? Timeout.InfiniteTimeSpan : left;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
