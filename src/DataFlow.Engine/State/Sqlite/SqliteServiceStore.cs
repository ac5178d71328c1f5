using DataFlow.Engine.Lifecycle;

namespace DataFlow.Engine.State;

/// <summary>
/// Keeps a service of one node in the SQLite file of its state folder: the same file and tables as <see cref="SqliteStateStore"/>,
/// so that the state of a pipeline is there for <c>dataflow run</c> as well. Leases and nodes expire by the given clock.
/// </summary>
public sealed class SqliteServiceStore : IServiceStore
{
    private SqliteServiceStore(SqliteDatabase database, SqliteWriter writer, TimeProvider time)
    {
        State = new SqliteStateStore(database, writer, time);
        Pipelines = new SqliteRegistry(database, writer, time);
        Leases = new SqliteLeases(database, writer, time);
        Nodes = new SqliteNodes(database, writer, time);
        Keys = new SqliteApiKeys(database, writer);
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

    /// <summary>Opens the store in a state folder. Makes folder and file if need be, and brings an older file up to date.</summary>
    /// <exception cref="ConnectorException">The folder or the file can't be used; the message says what to do.</exception>
    public static SqliteServiceStore Open(string folder, TimeProvider time)
    {
        var (database, writer) = SqliteDatabase.OpenIn(folder);
        return new SqliteServiceStore(database, writer, time);
    }

    /// <summary>Ends the writes that wait and closes the file.</summary>
    public ValueTask DisposeAsync() => State.DisposeAsync();
}
