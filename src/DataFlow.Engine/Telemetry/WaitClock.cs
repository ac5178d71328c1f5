namespace DataFlow.Engine.Telemetry;

/// <summary>Adds up the time that a run has waited, by what for, including the wait that goes on. Thread-safe.</summary>
internal sealed class WaitClock(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly TimeSpan[] _waited = new TimeSpan[Enum.GetValues<WaitsFor>().Length];
    private WaitsFor _now;
    private long? _since;

    /// <summary>A wait begins.</summary>
    public void Begin(WaitsFor what)
    {
        lock (_gate)
        {
            _now = what;
            _since = time.GetTimestamp();
        }
    }

    /// <summary>The wait is over.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_since is { } since)
            {
                _waited[(int)_now] += time.GetElapsedTime(since);
                _since = null;
            }
        }
    }

    /// <summary>The time waited so far.</summary>
    public TimeSpan this[WaitsFor what]
    {
        get
        {
            lock (_gate)
            {
                return _waited[(int)what] + (_since is { } since && _now == what ? time.GetElapsedTime(since) : TimeSpan.Zero);
            }
        }
    }
}
