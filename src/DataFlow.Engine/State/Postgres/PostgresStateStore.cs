namespace DataFlow.Engine.State;

/// <summary>
/// Keeps state in a PostgreSQL database, in its schema <c>dataflow</c>. Every write is flushed to the server's disk before its call
/// returns. Any number of processes may use the same database; the epoch of a run says whose commits count.
/// </summary>
public sealed class PostgresStateStore : IStateStore
{
    private readonly PostgresDatabase _database;
    private readonly PostgresCommits _commits;
    private readonly TimeProvider _time;

    internal PostgresStateStore(PostgresDatabase database, TimeProvider time)
    {
        _database = database;
        _commits = new PostgresCommits(database, time);
        _time = time;
        DeadLetters = new PostgresDeadLetters(database, time);
    }

    /// <inheritdoc/>
    public IDeadLetterStore DeadLetters { get; }

    private DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Opens the store in a database. Makes the tables if need be, and brings older ones up to date.</summary>
    /// <param name="connectionString">For Npgsql. May hold a password; it is in no message.</param>
    /// <param name="time">The clock of what is stored: updates, failures, the history.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <exception cref="ConnectorException">The database can't be reached or used; the message says what to do.</exception>
    public static async ValueTask<PostgresStateStore> OpenAsync(string connectionString, TimeProvider time, CancellationToken ct) =>
        new(await PostgresDatabase.OpenAsync(connectionString, ct).ConfigureAwait(false), time);

    /// <inheritdoc/>
    public async ValueTask<PipelineState> OpenRunAsync(string pipeline, string owner, CancellationToken ct) =>
        await _database.WriteAsync(
            async connection =>
            {
                await PostgresPipelines.MakeSureItExistsAsync(connection, pipeline, Now, ct).ConfigureAwait(false);
                await connection.ExecuteAsync(
                    "update dataflow.pipeline set epoch = epoch + 1, owner = $2, updated = $3 where name = $1", [pipeline, owner, Now], ct)
                    .ConfigureAwait(false);
                await PostgresPipelines.AddHistoryAsync(connection, pipeline, HistoryEvent.RunStarted, owner, detail: null, Now, ct)
                    .ConfigureAwait(false);
                return (await PostgresPipelines.ReadAsync(connection, pipeline, ct).ConfigureAwait(false))!;
            },
            ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<CommitOutcome> CommitAsync(string pipeline, StateCommit commit, CancellationToken ct)
    {
        var outcome = await _commits.CommitAsync(pipeline, commit, ct).ConfigureAwait(false);
        return CommitRules.Judge(pipeline, CommitStamp.Of(commit.Checkpoint), outcome);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> AdoptAsync(string pipeline, long epoch, Checkpoint authority, CancellationToken ct) =>
        await _database.WriteAsync(
            connection => PostgresPipelines.AdoptAsync(connection, pipeline, epoch, authority, Now, ct), ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<bool> RaiseEpochAsync(string pipeline, long epoch, long raised, CancellationToken ct) =>
        await _database.WriteAsync(
            connection => PostgresPipelines.RaiseEpochAsync(connection, pipeline, epoch, raised, Now, ct), ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<bool> ResetAsync(string pipeline, string owner, bool clearDeadLetters, CancellationToken ct) =>
        await _database.WriteAsync(
            async connection =>
            {
                if (await PostgresPipelines.LockAsync(connection, pipeline, ct).ConfigureAwait(false) is not { } last)
                {
                    return false;
                }

                await PostgresDeadLetters.DeleteAboveAsync(connection, pipeline, clearDeadLetters ? default : last, ct).ConfigureAwait(false);
                await PostgresPipelines.ResetAsync(connection, pipeline, Now, ct).ConfigureAwait(false);
                await PostgresPipelines.AddHistoryAsync(
                    connection, pipeline, HistoryEvent.Reset, owner, CommitRules.DescribeReset(clearDeadLetters), Now, ct)
                    .ConfigureAwait(false);
                return true;
            },
            ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask SeekAsync(string pipeline, string split, SplitPosition position, string owner, CancellationToken ct) =>
        await _database.WriteAsync(
            async connection =>
            {
                await PostgresPipelines.MakeSureItExistsAsync(connection, pipeline, Now, ct).ConfigureAwait(false);
                var last = await PostgresPipelines.LockAsync(connection, pipeline, ct).ConfigureAwait(false);
                await PostgresDeadLetters.DeleteAboveAsync(connection, pipeline, last!.Value, ct).ConfigureAwait(false);
                await PostgresPipelines.SeekAsync(connection, pipeline, split, position, Now, ct).ConfigureAwait(false);
                await PostgresPipelines.AddHistoryAsync(
                    connection, pipeline, HistoryEvent.Seek, owner, CommitRules.DescribeSeek(split, position), Now, ct)
                    .ConfigureAwait(false);
                return true;
            },
            ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<PipelineState?> ReadAsync(string pipeline, CancellationToken ct) =>
        await _database.RunAsync(connection => PostgresPipelines.ReadAsync(connection, pipeline, ct), ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<PipelineState>> ListAsync(CancellationToken ct) =>
        await _database.RunAsync(connection => PostgresPipelines.ListAsync(connection, ct), ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask AddHistoryAsync(
        string pipeline, HistoryEvent happened, string owner, string? detail, CancellationToken ct) =>
        await _database.WriteAsync(
            async connection =>
            {
                await PostgresPipelines.AddHistoryAsync(connection, pipeline, happened, owner, detail, Now, ct).ConfigureAwait(false);
                return true;
            },
            ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<HistoryEntry>> HistoryAsync(string pipeline, int limit, CancellationToken ct) =>
        await _database.RunAsync(connection => PostgresPipelines.HistoryAsync(connection, pipeline, limit, ct), ct).ConfigureAwait(false);

    /// <summary>Ends the commits that wait and closes all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _commits.DisposeAsync().ConfigureAwait(false);
        await _database.DisposeAsync().ConfigureAwait(false);
    }
}
