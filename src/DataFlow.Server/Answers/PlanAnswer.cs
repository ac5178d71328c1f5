using DataFlow.Engine.Configuration;

namespace DataFlow.Server.Answers;

/// <summary>What a change of a definition would do.</summary>
/// <param name="Outcome">unchanged, restart (it goes on where it stands) or would-re-read (the positions belong to other data).</param>
/// <param name="Explanation">What happens, and what to do.</param>
/// <param name="MustStop">True when the pipeline runs or is paused: it has to be stopped before it is changed.</param>
/// <param name="Changes">What differs. Secrets are masked.</param>
public sealed record PlanAnswer(PlanOutcome Outcome, string Explanation, bool MustStop, IReadOnlyList<PlanChange> Changes)
{
    internal static PlanAnswer Of(PipelinePlan plan, bool mustStop) => new(plan.Outcome, plan.Explanation, mustStop, plan.Changes);
}
