using DataFlow.Engine.State;

namespace DataFlow.Engine.Lifecycle;

/// <summary>Which command leads where. Pure.</summary>
public static class LifecycleRules
{
    /// <summary>What a command does to a pipeline in a state.</summary>
    /// <param name="state">Where the pipeline is.</param>
    /// <param name="command">What is asked.</param>
    /// <returns>The next state, the same state when there is nothing to do, or why not.</returns>
    public static LifecycleDecision Decide(LifecycleState state, LifecycleCommand command) => (state, command) switch
    {
        (LifecycleState.Running, LifecycleCommand.Start or LifecycleCommand.Resume) => Go(state),
        (LifecycleState.Created or LifecycleState.Stopped or LifecycleState.Completed, LifecycleCommand.Start) => Go(LifecycleState.Running),
        (LifecycleState.Paused, LifecycleCommand.Start) => Refuse("it is paused; resume it."),

        (LifecycleState.Paused, LifecycleCommand.Resume) => Go(LifecycleState.Running),
        (LifecycleState.Created or LifecycleState.Stopped or LifecycleState.Completed, LifecycleCommand.Resume) =>
            Refuse($"only a paused pipeline is resumed, and it is {state.ToWord()}; start it."),

        (LifecycleState.Paused, LifecycleCommand.Pause) => Go(state),
        (LifecycleState.Running, LifecycleCommand.Pause) => Go(LifecycleState.Paused),
        (LifecycleState.Created or LifecycleState.Stopped or LifecycleState.Completed, LifecycleCommand.Pause) =>
            Refuse($"only a running pipeline is paused, and it is {state.ToWord()}."),

        (LifecycleState.Running or LifecycleState.Paused, LifecycleCommand.Stop) => Go(LifecycleState.Stopped),
        (LifecycleState.Created or LifecycleState.Stopped or LifecycleState.Completed, LifecycleCommand.Stop) => Go(state),

        (LifecycleState.Failed, LifecycleCommand.Recover) => Go(LifecycleState.Stopped),
        (_, LifecycleCommand.Recover) => Go(state),
        (LifecycleState.Failed, _) => Refuse("it has failed; look at the reason, mend it, and recover the pipeline first."),
        _ => throw new ArgumentOutOfRangeException(nameof(command), command, "No such command."),
    };

    /// <summary>True where definition and state may be changed: nothing runs and nothing is promised to go on.</summary>
    public static bool MayChange(LifecycleState state) =>
        state is LifecycleState.Created or LifecycleState.Stopped or LifecycleState.Completed or LifecycleState.Failed;

    /// <summary>The state as people read and write it: <c>running</c>.</summary>
    public static string ToWord(this LifecycleState state) => state switch
    {
        LifecycleState.Created => "created",
        LifecycleState.Running => "running",
        LifecycleState.Paused => "paused",
        LifecycleState.Stopped => "stopped",
        LifecycleState.Completed => "completed",
        _ => "failed",
    };

    /// <summary>The command as people write it: <c>start</c>.</summary>
    public static string ToWord(this LifecycleCommand command) => command switch
    {
        LifecycleCommand.Start => "start",
        LifecycleCommand.Stop => "stop",
        LifecycleCommand.Pause => "pause",
        LifecycleCommand.Resume => "resume",
        _ => "recover",
    };

    /// <summary>What a command is called in the history once it is carried out.</summary>
    public static HistoryEvent ToEvent(this LifecycleCommand command) => command switch
    {
        LifecycleCommand.Start => HistoryEvent.Started,
        LifecycleCommand.Stop => HistoryEvent.Stopped,
        LifecycleCommand.Pause => HistoryEvent.Paused,
        LifecycleCommand.Resume => HistoryEvent.Resumed,
        _ => HistoryEvent.Recovered,
    };

    private static LifecycleDecision Go(LifecycleState next) => new(next, Refusal: null);

    private static LifecycleDecision Refuse(string why) => new(Next: null, why);
}

/// <summary>What becomes of a command.</summary>
/// <param name="Next">The state to go to; null when it is refused.</param>
/// <param name="Refusal">Why it is refused, as the end of a sentence that names the pipeline.</param>
public readonly record struct LifecycleDecision(LifecycleState? Next, string? Refusal);
