namespace DataFlow.Engine.Lifecycle;

/// <summary>
/// Where a pipeline of a service is in its life. What a running pipeline is busy with (waiting, backing off, rate limited) is a
/// reason, not a state.
/// </summary>
public enum LifecycleState
{
    /// <summary>Known, never started.</summary>
    Created,

    /// <summary>Meant to run: some node runs it, or will within seconds.</summary>
    Running,

    /// <summary>Stopped in order, to be resumed.</summary>
    Paused,

    /// <summary>Stopped in order. It may be changed.</summary>
    Stopped,

    /// <summary>Its source was read to the end.</summary>
    Completed,

    /// <summary>It could not go on; the reason says why. It waits for somebody to recover it.</summary>
    Failed,
}
