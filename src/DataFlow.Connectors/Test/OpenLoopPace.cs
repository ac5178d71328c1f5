namespace DataFlow.Connectors;

/// <summary>
/// Says how many records are due since the start, at a rate. It doesn't wait for the consumer: what could not be taken in time
/// is due at once.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="perSecond">The rate; 0 for no limit.</param>
/// <param name="maxLatency">Longest time that a record that is due waits for others.</param>
internal sealed class OpenLoopPace(TimeProvider time, double perSecond, TimeSpan maxLatency)
{
    // Timers count whole milliseconds; a shorter pause would spin.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly long _start = time.GetTimestamp();
    private long _taken;

    /// <summary>Waits until a batch is due, or what is due within the longest latency.</summary>
    /// <param name="most">Records of a full batch.</param>
    /// <param name="stop">Ends the wait early, without an exception.</param>
    /// <returns>Records that are due, at most <paramref name="most"/>.</returns>
    public async ValueTask<long> WaitAsync(long most, CancellationToken stop)
    {
        if (perSecond == 0)
        {
            return most;
        }

        var wanted = Math.Clamp((long)(perSecond * maxLatency.TotalSeconds), 1, most);
        while (!stop.IsCancellationRequested && Due < wanted)
        {
            var pause = TimeSpan.FromSeconds(Math.Min((_taken + wanted) / perSecond, TimeSpan.MaxValue.TotalSeconds / 2))
                - time.GetElapsedTime(_start);
            await Task.Delay(pause < ShortestPause ? ShortestPause : pause > LongestPause ? LongestPause : pause, time, stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return Math.Min(Due, most);
    }

    /// <summary>Counts records that were taken.</summary>
    public void Took(int records) => _taken += records;

    // A hair more than the quotient, because a third of a second is no whole number of ticks.
    private long Due => (long)((time.GetElapsedTime(_start).TotalSeconds * perSecond) + 1e-6) - _taken;
}
