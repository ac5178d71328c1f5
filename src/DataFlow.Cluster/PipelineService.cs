using DataFlow.Engine;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.Cluster;

/// <summary>
/// The pipelines of the service, from any of its nodes. What is refused is a <see cref="RefusalException"/>, a definition that
/// does not validate a <see cref="Engine.Configuration.ConfigurationException"/>, a store that can't be reached a
/// <see cref="ConnectorException"/>. Thread-safe.
/// </summary>
public sealed class PipelineService
{
    /// <summary>Adds a pipeline; it is not started.</summary>
    /// <param name="name">Its name; the one in the definition, where there is one, must be the same.</param>
    /// <param name="definition">The text of its pipeline file.</param>
    /// <param name="path">Where the file stands; null for one that came over the API.</param>
    /// <param name="by">Who asks, for the history.</param>
    /// <param name="ct">Gives up waiting.</param>
    public Task<RegisteredPipeline> AddAsync(string name, string definition, string? path, string by, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>All pipelines, by name, as the registry holds them.</summary>
    public Task<IReadOnlyList<RegisteredPipeline>> ListAsync(CancellationToken ct) => throw new NotImplementedException();

    /// <summary>A pipeline, with what the node says that runs it.</summary>
    public Task<PipelineStatus> GetAsync(string name, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Carries out a command. Stop and pause answer when the run has ended in order.</summary>
    public Task<PipelineStatus> ExecuteAsync(string name, LifecycleCommand command, string by, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Replaces the definition of a pipeline that does not run.</summary>
    public Task<RegisteredPipeline> ChangeAsync(string name, long expectedVersion, string definition, string by, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Takes a pipeline out that does not run, with its state and dead letters. Its history stays.</summary>
    public Task RemoveAsync(string name, long? expectedVersion, string by, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Starts the state of a pipeline over that does not run.</summary>
    public Task ResetAsync(string name, bool keepDeadLetters, string by, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Makes the next run of a pipeline that does not run go on elsewhere in one split.</summary>
    public Task SeekAsync(string name, string split, SplitPosition position, string by, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>Runs dead letters of a pipeline that does not run through its transforms and sink again.</summary>
    public Task<PipelineOutcome> ReplayAsync(string name, DeadLetterFilter filter, string by, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>The nodes that are there.</summary>
    public Task<IReadOnlyList<NodeStatus>> NodesAsync(CancellationToken ct) => throw new NotImplementedException();
}

/// <summary>A node, as the cluster sees it.</summary>
/// <param name="Node">Name, address, version.</param>
/// <param name="Membership">Its state in the cluster: <c>up</c>, <c>leaving</c>, <c>unreachable</c>.</param>
/// <param name="IsThisNode">True for the node that answers.</param>
/// <param name="Pipelines">How many pipelines it runs.</param>
public sealed record NodeStatus(ServiceNode Node, string Membership, bool IsThisNode, int Pipelines);
