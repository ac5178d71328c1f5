namespace DataFlow.Engine;

/// <summary>Who runs something, for locks and the history.</summary>
public static class RunOwner
{
    /// <summary>This process on this host.</summary>
    public static string Current { get; } = $"process {Environment.ProcessId} on {Environment.MachineName}";
}
