namespace DataFlow.Engine.Lifecycle;

/// <summary>
/// Who may run a pipeline of a service, for a limited time that is counted by the store's own clock. A lease keeps two nodes from
/// taking a pipeline from each other in turns; what keeps a node that was cut off or frozen from committing is the epoch of its
/// run (<see cref="State.IStateStore.OpenRunAsync"/>). Thread-safe. Failures are a <see cref="ConnectorException"/>.
/// </summary>
public interface IPipelineLeases
{
    /// <summary>Takes the lease of a pipeline if nobody holds it, its time is over, or this owner holds it.</summary>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="owner">The incarnation of a node: unique per start of a process.</param>
    /// <param name="duration">How long it is held from now on.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <returns>False when somebody else holds it.</returns>
    ValueTask<bool> ClaimAsync(string pipeline, string owner, TimeSpan duration, CancellationToken ct);

    /// <summary>
    /// Prolongs leases of an owner, in one statement; also one whose time is over while nobody else has taken it.
    /// </summary>
    /// <param name="owner">The incarnation of a node.</param>
    /// <param name="pipelines">The pipelines whose leases it means to keep; others of it end after their time.</param>
    /// <param name="duration">How long they are held from now on.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <returns>
    /// Those of the pipelines that it still holds and that are meant to run, with the versions of their definitions; it must let go of
    /// the others.
    /// </returns>
    ValueTask<IReadOnlyDictionary<string, long>> RenewAsync(string owner, IReadOnlyCollection<string> pipelines, TimeSpan duration, CancellationToken ct);

    /// <summary>Gives a lease back. One of somebody else stays.</summary>
    ValueTask ReleaseAsync(string pipeline, string owner, CancellationToken ct);

    /// <summary>Pipelines that are meant to run and that nobody holds the lease of.</summary>
    ValueTask<IReadOnlyList<string>> OrphansAsync(CancellationToken ct);
}
