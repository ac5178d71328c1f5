using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.Cluster;

/// <summary>Opens what a service keeps: a database that all nodes share, or the state folder of a single node.</summary>
public static class ServiceStores
{
    /// <summary>Opens it, and makes it when it isn't there yet.</summary>
    /// <param name="stateFolder">The state folder.</param>
    /// <param name="database">Connection string of the PostgreSQL database; null for the state folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <exception cref="ConnectorException">It can't be used.</exception>
    public static async ValueTask<IServiceStore> OpenAsync(string stateFolder, string? database, TimeProvider time, CancellationToken ct) =>
        database is null
            ? SqliteServiceStore.Open(stateFolder, time)
            : await PostgresServiceStore.OpenAsync(database, time, ct).ConfigureAwait(false);
}
