namespace DataFlow.Engine.Lifecycle;

/// <summary>What people ask a pipeline of a service to do. All of them are idempotent.</summary>
public enum LifecycleCommand
{
    /// <summary>Run, from where it stands.</summary>
    Start,

    /// <summary>Stop in order: no more intake, drain, commit.</summary>
    Stop,

    /// <summary>Stop in order, and stay ready to go on.</summary>
    Pause,

    /// <summary>Go on after a pause.</summary>
    Resume,

    /// <summary>Clear a failure; it is stopped then, and can be changed and started.</summary>
    Recover,
}
