namespace DataFlow.Connectors;

/// <summary>Is told how the talk with a server goes.</summary>
internal interface IHttpWatcher
{
    /// <summary>Nothing is wrong, but there is a wait: <c>rate limited until 10:05:00 UTC</c>.</summary>
    void Waits(string reason);

    /// <summary>An answer came that can be used.</summary>
    void Works();

    /// <summary>The server could not be reached, or went away; it is tried again.</summary>
    void ConnectionFailed(Exception error);
}
