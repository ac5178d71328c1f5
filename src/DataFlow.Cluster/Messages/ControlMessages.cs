using Akka.Cluster.Sharding;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Cluster;

/// <summary>What nodes say to each other about pipelines. Always small: records and definitions never travel this way.</summary>
internal interface IControlMessage;

/// <summary>A message to the entity of a pipeline.</summary>
internal interface IPipelineMessage : IControlMessage
{
    /// <summary>The pipeline's name.</summary>
    string Pipeline { get; }
}

/// <summary>Run the pipeline if it is meant to run and nobody runs it. No answer.</summary>
internal sealed record EnsureRunning(string Pipeline) : IPipelineMessage;

/// <summary>The definition was changed: end the run in order and begin another one. No answer.</summary>
internal sealed record Restart(string Pipeline) : IPipelineMessage;

/// <summary>Carry out a command. Answered by <see cref="StatusReply"/> or <see cref="RefusalReply"/>.</summary>
/// <param name="Pipeline">The pipeline's name.</param>
/// <param name="Command">What to do.</param>
/// <param name="By">Who asked for it.</param>
/// <param name="Id">The same in all copies of one command; empty from a node that sends none.</param>
internal sealed record Execute(string Pipeline, LifecycleCommand Command, string By, Guid Id = default) : IPipelineMessage;

/// <summary>Say what the run does. Answered by <see cref="StatusReply"/>.</summary>
internal sealed record GetStatus(string Pipeline) : IPipelineMessage;

/// <summary>The run of a pipeline; null when there is none.</summary>
internal sealed record StatusReply(RunStatus? Run) : IControlMessage;

/// <summary>Why a command was not carried out.</summary>
internal sealed record RefusalReply(RefusalKind Kind, string Message) : IControlMessage;

/// <summary>The pipeline moves to another node: drain, commit, let go. Sent by the sharding when shards move and when a node leaves.</summary>
internal sealed record HandOff : IControlMessage
{
    public static HandOff Instance { get; } = new();
}

/// <summary>Which entity gets a message, and in which shard it lives. The number of shards is fixed for the life of a cluster.</summary>
internal sealed class PipelineMessageExtractor() : HashCodeMessageExtractor(Shards)
{
    public const int Shards = 100;

    public override string? EntityId(object message) => (message as IPipelineMessage)?.Pipeline;
}
