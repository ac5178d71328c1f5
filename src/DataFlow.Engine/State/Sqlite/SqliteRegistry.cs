using DataFlow.Engine.Lifecycle;
using Microsoft.Data.Sqlite;

namespace DataFlow.Engine.State;

/// <summary>The pipelines of <see cref="SqliteServiceStore"/>.</summary>
internal sealed class SqliteRegistry(SqliteDatabase database, SqliteWriter writer, TimeProvider time) : IPipelineRegistry
{
    private const string Select =
        """
        select name, definition, path, version, state, reason, updated, lease.owner
        from pipeline_registry left join lease on lease.pipeline = name and lease.held_until > ?1
        """;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public async ValueTask<bool> AddAsync(string name, string definition, string path, string by, CancellationToken ct) =>
        await writer.WriteAsync(
            connection =>
            {
                var added = connection.Execute(
                    "insert into pipeline_registry values (?1, ?2, ?3, 1, ?4, null, ?5) on conflict do nothing",
                    name, definition, path, nameof(LifecycleState.Created), Now) == 1;
                if (added)
                {
                    SqlitePipelines.AddHistory(connection, name, HistoryEvent.Created, by, detail: null, Now);
                }

                return added;
            },
            ct).ConfigureAwait(false);

    public ValueTask<RegisteredPipeline?> FindAsync(string name, CancellationToken ct) => database.ReadAsync(
        connection => connection.Rows(PipelineOf, $"{Select} where name = ?2", Now, name).SingleOrDefault(), ct);

    public ValueTask<IReadOnlyList<RegisteredPipeline>> ListAsync(CancellationToken ct) =>
        database.ReadAsync<IReadOnlyList<RegisteredPipeline>>(
            connection => connection.Rows(PipelineOf, $"{Select} order by name", Now), ct);

    public async ValueTask<RegistryOutcome> ChangeAsync(
        string name, long expectedVersion, string definition, bool whileRunning, string by, CancellationToken ct) =>
        await writer.WriteAsync(
            connection =>
            {
                var outcome = RegistryRules.Judge(PlaceOf(connection, name), expectedVersion, whileRunning);
                if (outcome == RegistryOutcome.Done)
                {
                    connection.Execute(
                        "update pipeline_registry set definition = ?2, version = version + 1, updated = ?3 where name = ?1",
                        name, definition, Now);
                    SqlitePipelines.AddHistory(
                        connection, name, HistoryEvent.Changed, by, RegistryRules.DescribeChange(expectedVersion + 1), Now);
                }

                return outcome;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<RegistryOutcome> RemoveAsync(string name, long? expectedVersion, string by, CancellationToken ct) =>
        await writer.WriteAsync(
            connection =>
            {
                var outcome = RegistryRules.Judge(PlaceOf(connection, name), expectedVersion);
                if (outcome == RegistryOutcome.Done)
                {
                    connection.Execute("delete from pipeline_registry where name = ?1", name);
                    connection.Execute("delete from lease where pipeline = ?1 and held_until <= ?2", name, Now);
                    SqlitePipelines.Reset(connection, name, Now);
                    connection.Execute("delete from dead_letter where pipeline = ?1", name);
                    SqlitePipelines.AddHistory(connection, name, HistoryEvent.Removed, by, detail: null, Now);
                }

                return outcome;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<bool> MoveAsync(
        string name, LifecycleState from, LifecycleState to, HistoryEvent happened, string? reason, string by, string? holder,
        CancellationToken ct) =>
        await writer.WriteAsync(
            connection =>
            {
                var moved = connection.Execute(
                    """
                    update pipeline_registry set state = ?3, reason = ?4, updated = ?5
                    where name = ?1 and state = ?2
                      and (?6 is null or exists (select 1 from lease where pipeline = ?1 and owner = ?6 and held_until > ?5))
                    """,
                    name, from.ToString(), to.ToString(), reason, Now, holder) == 1;
                if (moved)
                {
                    SqlitePipelines.AddHistory(connection, name, happened, by, reason, Now);
                }

                return moved;
            },
            ct).ConfigureAwait(false);

    private static (long Version, LifecycleState State)? PlaceOf(SqliteConnection connection, string name) =>
        connection.Rows<(long, LifecycleState)?>(
            row => (row.GetInt64(0), Enum.Parse<LifecycleState>(row.GetString(1))),
            "select version, state from pipeline_registry where name = ?1",
            name).SingleOrDefault();

    private static RegisteredPipeline PipelineOf(SqliteDataReader row) => new()
    {
        Name = row.GetString(0),
        Definition = row.GetString(1),
        Path = row.GetString(2),
        Version = row.GetInt64(3),
        State = Enum.Parse<LifecycleState>(row.GetString(4)),
        Reason = row.TextOrNull(5),
        Updated = row.Moment(6),
        Owner = row.TextOrNull(7),
    };
}
