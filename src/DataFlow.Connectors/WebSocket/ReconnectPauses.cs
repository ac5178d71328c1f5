namespace DataFlow.Connectors;

/// <summary>
/// The pauses before reconnections: the first, then twice as long each time up to the longest, times a random factor of 1.0 to 1.2,
/// so that many clients of a server don't come back in step. Starts over after a connection that was stable.
/// </summary>
internal sealed class ReconnectPauses(WebSocketSourceOptions options, Random random)
{
    private const double MostSpread = 0.2;

    /// <summary>Shortest pause when the server says that it restarts or is overloaded, unless the longest one is shorter.</summary>
    private static readonly TimeSpan AfterServiceRestart = TimeSpan.FromSeconds(5);

    /// <summary>Reconnections in a row.</summary>
    public int Count { get; private set; }

    /// <summary>True when there may be no further reconnection.</summary>
    public bool AreUsedUp => options.ReconnectMaxRestarts >= 0 && Count >= options.ReconnectMaxRestarts;

    /// <summary>A connection has ended that lasted so long.</summary>
    public void Ended(TimeSpan lasted)
    {
        if (lasted >= options.ReconnectStableAfter)
        {
            StartOver();
        }
    }

    /// <summary>What was tried again works.</summary>
    public void StartOver() => Count = 0;

    /// <summary>Counts a reconnection and gives the pause before it.</summary>
    /// <param name="serverRestarts">The server has asked for time.</param>
    public TimeSpan Next(bool serverRestarts)
    {
        var doubled = options.ReconnectMinBackoff.TotalSeconds * Math.Pow(2, Math.Min(Count, 60));
        Count++;
        var least = serverRestarts ? AfterServiceRestart.TotalSeconds : 0;
        var pause = Math.Max(doubled, least) * (1 + (random.NextDouble() * MostSpread));
        return TimeSpan.FromSeconds(Math.Min(pause, options.ReconnectMaxBackoff.TotalSeconds));
    }
}
