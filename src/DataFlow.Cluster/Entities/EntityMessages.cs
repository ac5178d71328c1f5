using Akka.Actor;
using DataFlow.Engine;

namespace DataFlow.Cluster;

/// <summary>A run has ended. As the messages below, what an entity says to itself.</summary>
internal sealed record RunEnded(LocalRun Run, PipelineOutcome Outcome) : INoSerializationVerificationNeeded;

/// <summary>The registry has a newer definition than a run: whoever changed it could not say so.</summary>
internal sealed record Redefined(LocalRun Run) : INoSerializationVerificationNeeded;

/// <summary>The pause before another start is over.</summary>
internal sealed record StartAgain : INoSerializationVerificationNeeded
{
    public static StartAgain Instance { get; } = new();
}

/// <summary>The time is over in which the entity must have drained.</summary>
internal sealed record HandOffOverdue : INoSerializationVerificationNeeded
{
    public static HandOffOverdue Instance { get; } = new();
}
