using DataFlow.Engine.State;

namespace DataFlow.Engine.Lifecycle;

/// <summary>
/// The pipelines of a service, and the one truth about which of them must run. Thread-safe; every node of a cluster uses the
/// same registry. A pipeline with several instances is held as one entry for each of them, called like it with their number behind a
/// point; they are added, changed and removed together. What a call wrote is durable when it returns, together with its event in the
/// pipeline's history. Failures are a <see cref="ConnectorException"/>.
/// </summary>
public interface IPipelineRegistry
{
    /// <summary>Adds a pipeline in the state Created, as version 1.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="instances">How many instances it has.</param>
    /// <param name="definition">The text of its pipeline file.</param>
    /// <param name="path">Where the file stands, or would stand.</param>
    /// <param name="by">Who asked for it, for the history.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <returns>False when there is one of that name, or of the name of an instance: nothing was changed.</returns>
    ValueTask<bool> AddAsync(string name, int instances, string definition, string path, string by, CancellationToken ct);

    /// <summary>A pipeline that runs as one, or an instance; null when there is none of that name.</summary>
    ValueTask<RegisteredPipeline?> FindAsync(string name, CancellationToken ct);

    /// <summary>A pipeline, as a whole where it has several instances, or an instance; null when there is none of that name.</summary>
    ValueTask<RegisteredPipeline?> FindWholeAsync(string name, CancellationToken ct);

    /// <summary>All pipelines that run as one, and all instances, by name.</summary>
    ValueTask<IReadOnlyList<RegisteredPipeline>> ListAsync(CancellationToken ct);

    /// <summary>
    /// Replaces the definition and raises the version, if the version is the expected one and the state allows it. Instances that are
    /// new are in the state Created, those that are no more are removed as by <see cref="RemoveAsync"/>.
    /// </summary>
    /// <param name="name">The pipeline's name, not that of an instance.</param>
    /// <param name="expectedVersion">The version that the change was decided on.</param>
    /// <param name="instances">How many instances it has from now on.</param>
    /// <param name="definition">The text of its new pipeline file.</param>
    /// <param name="whileRunning">
    /// True for a change that a new run takes up: the pipeline must be running, and have as many instances as before. False: it must not
    /// be, nor be paused.
    /// </param>
    /// <param name="by">Who asked for it, for the history.</param>
    /// <param name="ct">Gives up waiting.</param>
    ValueTask<RegistryOutcome> ChangeAsync(
        string name, long expectedVersion, int instances, string definition, bool whileRunning, string by, CancellationToken ct);

    /// <summary>
    /// Takes a pipeline out, if its state may be changed and its version is the expected one, and with it its positions and dead
    /// letters, so that a later one of its name begins anew. Its history stays.
    /// </summary>
    /// <param name="name">The pipeline's name, not that of an instance.</param>
    /// <param name="expectedVersion">The version to remove; null for any.</param>
    /// <param name="by">Who asked for it, for the history.</param>
    /// <param name="ct">Gives up waiting.</param>
    ValueTask<RegistryOutcome> RemoveAsync(string name, long? expectedVersion, string by, CancellationToken ct);

    /// <summary>Moves a pipeline that runs as one, or an instance, to another state, if it still is in the one that the decision was made on.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="from">The state that it must be in.</param>
    /// <param name="to">The state to go to.</param>
    /// <param name="happened">What it is called in the history.</param>
    /// <param name="reason">Why; kept with the state, and the detail in the history.</param>
    /// <param name="by">Who asked for it, for the history.</param>
    /// <param name="holder">When given, only if this owner holds the pipeline's lease: a node that was cut off must not speak for others.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <returns>False when it was in another state, isn't there, or is held by somebody else: nothing was changed.</returns>
    ValueTask<bool> MoveAsync(
        string name, LifecycleState from, LifecycleState to, HistoryEvent happened, string? reason, string by, string? holder, CancellationToken ct);
}

/// <summary>What became of a change to the registry.</summary>
public enum RegistryOutcome
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>There is no such pipeline.</summary>
    NotFound,

    /// <summary>Somebody else changed it in between: the version is another one.</summary>
    WrongVersion,

    /// <summary>Its state forbids it: it runs or is paused.</summary>
    WrongState,

    /// <summary>Another pipeline is called as one of its instances would be.</summary>
    NameTaken,
}
