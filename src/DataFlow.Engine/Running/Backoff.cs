namespace DataFlow.Engine;

/// <summary>Growing pauses between attempts: exponential with full jitter, so that many pipelines don't come back at once.</summary>
internal sealed class Backoff(TimeSpan first, TimeSpan most, Random random)
{
    // Timers round down to whole milliseconds: a shorter pause would be none.
    private const double Shortest = 1;

    private int _failures;

    /// <summary>Attempts in a row that failed without progress.</summary>
    public int Failures => _failures;

    /// <summary>Counts a failure and gives the pause before the next attempt.</summary>
    public TimeSpan Next(RetryAdvice advice, DateTimeOffset now)
    {
        _failures++;
        if (advice.Kind == RetryKind.After)
        {
            return advice.NotBefore > now ? advice.NotBefore - now : TimeSpan.Zero;
        }

        var ceiling = Math.Min(most.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(_failures - 1, 30)));
        return TimeSpan.FromMilliseconds(Math.Max(Shortest, random.NextDouble() * ceiling));
    }

    /// <summary>Something worked: the next failure starts over.</summary>
    public void Reset() => _failures = 0;
}
