using DataFlow.Engine.Lifecycle;

namespace DataFlow.Engine.State;

/// <summary>
/// Keeps a service of one node or many in a PostgreSQL database, in its schema <c>dataflow</c>. Leases and nodes expire by the clock
/// of the database, so that the clocks of the nodes may differ.
/// </summary>
public sealed class PostgresServiceStore : IServiceStore
{
    private PostgresServiceStore(PostgresDatabase database, TimeProvider time)
    {
        State = new PostgresStateStore(database, time);
        Pipelines = new PostgresRegistry(database, time);
        Leases = new PostgresLeases(database);
        Nodes = new PostgresNodes(database);
        Keys = new PostgresApiKeys(database);
    }

    /// <inheritdoc/>
    public IStateStore State { get; }

    /// <inheritdoc/>
    public IPipelineRegistry Pipelines { get; }

    /// <inheritdoc/>
    public IPipelineLeases Leases { get; }

    /// <inheritdoc/>
    public INodeDirectory Nodes { get; }

    /// <inheritdoc/>
    public IApiKeys Keys { get; }

    /// <summary>Opens the store in a database. Makes the tables if need be, and brings older ones up to date.</summary>
    /// <param name="connectionString">For Npgsql. May hold a password; it is in no message.</param>
    /// <param name="time">The clock of what is stored: updates, failures, the history. Leases and nodes don't use it.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <exception cref="ConnectorException">The database can't be reached or used; the message says what to do.</exception>
    public static async ValueTask<PostgresServiceStore> OpenAsync(string connectionString, TimeProvider time, CancellationToken ct) =>
        new(await PostgresDatabase.OpenAsync(connectionString, ct).ConfigureAwait(false), time);

    /// <summary>Ends the commits that wait and closes all connections.</summary>
    public ValueTask DisposeAsync() => State.DisposeAsync();
}
