namespace DataFlow.Engine.State;

/// <summary>
/// Keeps state in one SQLite file, <c>state.db</c> in the state folder. Every write is flushed to the disk before its call
/// returns. One process runs a pipeline at a time (see the lock file); others may read and command.
/// </summary>
public sealed class SqliteStateStore : IStateStore
{
    /// <summary>Name of the file in the state folder.</summary>
    public const string FileName = "state.db";

    private readonly SqliteDatabase _database;
    private readonly SqliteWriter _writer;
    private readonly TimeProvider _time;

    internal SqliteStateStore(SqliteDatabase database, SqliteWriter writer, TimeProvider time)
    {
        _database = database;
        _writer = writer;
        _time = time;
        DeadLetters = new SqliteDeadLetters(database, writer, time);
    }

    /// <inheritdoc/>
    public IDeadLetterStore DeadLetters { get; }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Opens the store in a state folder. Makes folder and file if need be, and brings an older file up to date.</summary>
    /// <exception cref="ConnectorException">The folder or the file can't be used; the message says what to do.</exception>
    public static SqliteStateStore Open(string folder, TimeProvider time)
    {
        var (database, writer) = SqliteDatabase.OpenIn(folder);
        return new SqliteStateStore(database, writer, time);
    }

    /// <summary>
    /// Copies the state of a folder, as it is at this moment, into a new file, while runs and a service go on with it. Put in the
    /// place of <see cref="FileName"/>, the copy is that state again.
    /// </summary>
    /// <param name="folder">The state folder.</param>
    /// <param name="copy">The file to make.</param>
    /// <param name="ct">Gives up waiting.</param>
    /// <exception cref="ConnectorException">There is no state, or the copy can't be written; the message says what to do.</exception>
    public static async ValueTask BackupAsync(string folder, string copy, CancellationToken ct)
    {
        var path = Path.GetFullPath(Path.Combine(folder, FileName));
        if (!File.Exists(path))
        {
            throw ConnectorException.User($"There is no state to copy: '{path}' isn't there. Name its folder with --state DIR.");
        }

        await Task.Run(() => new SqliteDatabase(path).CopyTo(Path.GetFullPath(copy)), ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<PipelineState> OpenRunAsync(string pipeline, string owner, CancellationToken ct) =>
        await _writer.WriteAsync(
            connection =>
            {
                SqlitePipelines.MakeSureItExists(connection, pipeline, Now);
                connection.Execute(
                    "update pipeline set epoch = epoch + 1, owner = ?2, updated = ?3 where name = ?1", pipeline, owner, Now);
                SqlitePipelines.AddHistory(connection, pipeline, HistoryEvent.RunStarted, owner, detail: null, Now);
                return SqlitePipelines.Read(connection, pipeline)!;
            },
            ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<CommitOutcome> CommitAsync(string pipeline, StateCommit commit, CancellationToken ct)
    {
        var outcome = await _writer.WriteAsync(
            connection =>
            {
                var outcome = SqlitePipelines.Commit(connection, pipeline, commit, Now);
                if (outcome == CommitOutcome.Committed)
                {
                    foreach (var split in commit.Checkpoint.Gone)
                    {
                        connection.Execute("delete from split where pipeline = ?1 and split = ?2", pipeline, split);
                    }
                }

                return outcome;
            },
            ct).ConfigureAwait(false);
        return CommitRules.Judge(pipeline, CommitStamp.Of(commit.Checkpoint), outcome);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> AdoptAsync(string pipeline, long epoch, Checkpoint authority, CancellationToken ct) =>
        await _writer.WriteAsync(connection => SqlitePipelines.Adopt(connection, pipeline, epoch, authority, Now), ct)
            .ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<bool> RaiseEpochAsync(string pipeline, long epoch, long raised, CancellationToken ct) =>
        await _writer.WriteAsync(connection => SqlitePipelines.RaiseEpoch(connection, pipeline, epoch, raised, Now), ct)
            .ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<bool> ResetAsync(string pipeline, string owner, bool clearDeadLetters, CancellationToken ct) =>
        await _writer.WriteAsync(
            connection =>
            {
                SqliteDeadLetters.DeleteUncommitted(connection, pipeline);
                if (!SqlitePipelines.Reset(connection, pipeline, Now))
                {
                    return false;
                }

                if (clearDeadLetters)
                {
                    connection.Execute("delete from dead_letter where pipeline = ?1", pipeline);
                }

                SqlitePipelines.AddHistory(
                    connection, pipeline, HistoryEvent.Reset, owner, CommitRules.DescribeReset(clearDeadLetters), Now);
                return true;
            },
            ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask SeekAsync(string pipeline, string split, SplitPosition position, string owner, CancellationToken ct) =>
        await _writer.WriteAsync(
            connection =>
            {
                SqlitePipelines.MakeSureItExists(connection, pipeline, Now);
                SqliteDeadLetters.DeleteUncommitted(connection, pipeline);
                SqlitePipelines.Seek(connection, pipeline, split, position, Now);
                SqlitePipelines.AddHistory(
                    connection, pipeline, HistoryEvent.Seek, owner, CommitRules.DescribeSeek(split, position), Now);
                return true;
            },
            ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<PipelineState?> ReadAsync(string pipeline, CancellationToken ct) =>
        _database.ReadAsync(connection => SqlitePipelines.Read(connection, pipeline), ct);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<PipelineState>> ListAsync(CancellationToken ct) =>
        _database.ReadAsync(SqlitePipelines.List, ct);

    /// <inheritdoc/>
    public async ValueTask AddHistoryAsync(
        string pipeline, HistoryEvent happened, string owner, string? detail, CancellationToken ct) =>
        await _writer.WriteAsync(
            connection =>
            {
                SqlitePipelines.AddHistory(connection, pipeline, happened, owner, detail, Now);
                return true;
            },
            ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<HistoryEntry>> HistoryAsync(string pipeline, int limit, CancellationToken ct) =>
        _database.ReadAsync(connection => SqlitePipelines.History(connection, pipeline, limit), ct);

    /// <summary>Ends the writes that wait and closes the file.</summary>
    public ValueTask DisposeAsync() => _writer.DisposeAsync();
}
