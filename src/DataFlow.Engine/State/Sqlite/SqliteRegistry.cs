using System.Text.Json;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using Microsoft.Data.Sqlite;

namespace DataFlow.Engine.State;

/// <summary>The pipelines of <see cref="SqliteServiceStore"/>.</summary>
internal sealed class SqliteRegistry(SqliteDatabase database, SqliteWriter writer, TimeProvider time) : IPipelineRegistry
{
    private const string Select =
        """
        select name, definition, path, version, state, reason, updated, lease.owner, instance_of, instance, instances
        from pipeline_registry left join lease on lease.pipeline = name and lease.held_until > ?1
        """;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public async ValueTask<bool> AddAsync(string name, int instances, string definition, string path, string by, CancellationToken ct) =>
        await writer.WriteAsync(
            connection =>
            {
                var names = PipelineName.OfState(name, instances);
                if (IsTaken(connection, [name, .. names], ours: null))
                {
                    return false;
                }

                foreach (var entry in names)
                {
                    Insert(connection, entry, name, names, definition, path, version: 1);
                    SqlitePipelines.AddHistory(connection, entry, HistoryEvent.Created, by, detail: null, Now);
                }

                return true;
            },
            ct).ConfigureAwait(false);

    public ValueTask<RegisteredPipeline?> FindAsync(string name, CancellationToken ct) => database.ReadAsync(
        connection => connection.Rows(PipelineOf, $"{Select} where name = ?2", Now, name).SingleOrDefault(), ct);

    public ValueTask<RegisteredPipeline?> FindWholeAsync(string name, CancellationToken ct) => database.ReadAsync(
        connection => RegistryRules.Found(name, connection.Rows(PipelineOf, $"{Select} where name = ?2 or instance_of = ?2", Now, name)), ct);

    public ValueTask<IReadOnlyList<RegisteredPipeline>> ListAsync(CancellationToken ct) =>
        database.ReadAsync<IReadOnlyList<RegisteredPipeline>>(
            connection => connection.Rows(PipelineOf, $"{Select} order by name", Now), ct);

    public async ValueTask<RegistryOutcome> ChangeAsync(
        string name, long expectedVersion, int instances, string definition, bool whileRunning, string by, CancellationToken ct) =>
        await writer.WriteAsync(
            connection =>
            {
                var stored = EntriesOf(connection, name);
                var names = PipelineName.OfState(name, instances);
                var change = RegistryChange.Decide(stored, names, expectedVersion, whileRunning);
                if (change.Outcome != RegistryOutcome.Done)
                {
                    return change.Outcome;
                }

                if (IsTaken(connection, change.Added, ours: name))
                {
                    return RegistryOutcome.NameTaken;
                }

                foreach (var entry in change.Removed)
                {
                    Take(connection, entry, by);
                    SqlitePipelines.DisownOutput(connection, entry);
                }

                foreach (var entry in change.Kept)
                {
                    connection.Execute(
                        "update pipeline_registry set definition = ?2, version = version + 1, instances = ?3, updated = ?4 where name = ?1",
                        entry, definition, instances, Now);
                    SqlitePipelines.AddHistory(
                        connection, entry, HistoryEvent.Changed, by, RegistryRules.DescribeChange(expectedVersion + 1), Now);
                }

                foreach (var entry in change.Added)
                {
                    Insert(connection, entry, name, names, definition, stored[0].Path, expectedVersion + 1);
                    SqlitePipelines.AddHistory(
                        connection, entry, HistoryEvent.Created, by, RegistryRules.DescribeChange(expectedVersion + 1), Now);
                }

                return RegistryOutcome.Done;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<RegistryOutcome> RemoveAsync(string name, long? expectedVersion, string by, CancellationToken ct) =>
        await writer.WriteAsync(
            connection =>
            {
                var stored = EntriesOf(connection, name);
                var outcome = RegistryRules.Judge(stored, expectedVersion);
                if (outcome == RegistryOutcome.Done)
                {
                    foreach (var entry in stored)
                    {
                        Take(connection, entry.Name, by);
                    }
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

    private void Insert(
        SqliteConnection connection, string entry, string pipeline, IReadOnlyList<string> names, string definition, string path, long version) =>
        connection.Execute(
            """
            insert into pipeline_registry(name, definition, path, version, state, updated, instance_of, instance, instances)
            values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            """,
            entry, definition, path, version, nameof(LifecycleState.Created), Now,
            entry == pipeline ? null : pipeline, entry == pipeline ? null : RegistryRules.NumberOf(entry, names), names.Count);

    private void Take(SqliteConnection connection, string entry, string by)
    {
        connection.Execute("delete from pipeline_registry where name = ?1", entry);
        connection.Execute("delete from lease where pipeline = ?1 and held_until <= ?2", entry, Now);
        SqlitePipelines.Reset(connection, entry, Now);
        connection.Execute("delete from dead_letter where pipeline = ?1", entry);
        SqlitePipelines.AddHistory(connection, entry, HistoryEvent.Removed, by, detail: null, Now);
    }

    private static bool IsTaken(SqliteConnection connection, IReadOnlyList<string> names, string? ours) => connection.Rows(
        row => row.GetInt64(0),
        """
        select 1 from pipeline_registry, json_each(?1) wanted
        where name = wanted.value or (instance_of = wanted.value and instance_of is not ?2) limit 1
        """,
        JsonSerializer.Serialize(names), ours).Count > 0;

    private static List<RegistryEntry> EntriesOf(SqliteConnection connection, string name) => connection.Rows(
        row => new RegistryEntry(row.GetString(0), row.GetInt64(1), Enum.Parse<LifecycleState>(row.GetString(2)), row.GetString(3)),
        "select name, version, state, path from pipeline_registry where (name = ?1 and instance_of is null) or instance_of = ?1 order by instance",
        name);

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
        InstanceOf = row.TextOrNull(8),
        Instance = row.IsDBNull(9) ? null : row.GetInt32(9),
        InstanceCount = row.GetInt32(10),
    };
}
