namespace DataFlow.Cli.Output;

/// <summary>How fast a run is now: over the last ten seconds, so that a pipeline that runs for weeks doesn't show its average.</summary>
/// <param name="time">The clock.</param>
internal sealed class RecentSpeed(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Queue<(long At, long Records, long Bytes)> _samples = [];
    private (long At, long Records, long Bytes) _latest;

    /// <summary>Records per second.</summary>
    public double Records => PerSecond(_latest.Records - Oldest.Records);

    /// <summary>Bytes per second.</summary>
    public double Bytes => PerSecond(_latest.Bytes - Oldest.Bytes);

    private (long At, long Records, long Bytes) Oldest => _samples.TryPeek(out var oldest) ? oldest : _latest;

    /// <summary>Notes how far the run has got.</summary>
    public void Note(long records, long bytes)
    {
        _latest = (time.GetTimestamp(), records, bytes);
        _samples.Enqueue(_latest);
        while (_samples.Count > 2 && time.GetElapsedTime(Oldest.At, _latest.At) > Window)
        {
            _samples.Dequeue();
        }
    }

    private double PerSecond(long amount)
    {
        var seconds = time.GetElapsedTime(Oldest.At, _latest.At).TotalSeconds;
        return seconds > 0 ? amount / seconds : 0;
    }
}
