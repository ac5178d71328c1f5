namespace DataFlow.Connectors;

/// <summary>
/// Says how the source is: connected or not, and that a gap waits to be filled only while it is connected, because one who looks
/// must see what is worse. Thread-safe.
/// </summary>
internal sealed class StreamHealth(SourceContext context)
{
    private readonly Lock _gate = new();
    private bool _isConnected;

    /// <summary>The stream is well.</summary>
    public void Connected(string reason)
    {
        lock (_gate)
        {
            _isConnected = true;
            context.Report(SourceHealth.Healthy, reason);
        }
    }

    /// <summary>There is no connection; counts it.</summary>
    /// <param name="cause">What happened.</param>
    /// <param name="outlook">The same, with what comes next.</param>
    public void Lost(string cause, string outlook)
    {
        lock (_gate)
        {
            _isConnected = false;
            context.ReportConnectionError(ConnectorException.External(cause));
            context.Report(SourceHealth.Unhealthy, outlook);
        }
    }

    /// <summary>A gap is not filled yet.</summary>
    public void Unfilled(SourceGap gap, string reason)
    {
        lock (_gate)
        {
            if (_isConnected)
            {
                context.Report(SourceHealth.Waiting, $"The gap since {gap.From:u} is not filled yet: {reason}");
            }
        }
    }
}
