namespace DataFlow.Cluster;

/// <summary>
/// Decides what becomes of a pipeline whose run has failed. The runner itself waits for as long as the other side is away; what gets
/// here is what a new attempt did not help against.
/// </summary>
internal sealed class Supervision
{
    /// <summary>Restarts in a row without progress after which a pipeline has failed.</summary>
    public const int MostRestarts = 5;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>Restarts since the last progress.</summary>
    public int Restarts { get; private set; }

    /// <summary>Records moved: the next failure is a new one.</summary>
    public void Reset() => Restarts = 0;

    /// <summary>The pause before the next start; null when the pipeline has failed.</summary>
    public TimeSpan? Next(Exception failure)
    {
        var owner = (failure as ConnectorException)?.Owner ?? FaultOwner.Internal;
        if (owner == FaultOwner.User || (owner == FaultOwner.Internal && Restarts >= MostRestarts))
        {
            return null;
        }

        var pause = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(Restarts++, 10)));
        return pause < LongestPause ? pause : LongestPause;
    }
}
