using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using Npgsql;

namespace DataFlow.Engine.State;

/// <summary>The pipelines of <see cref="PostgresServiceStore"/>.</summary>
internal sealed class PostgresRegistry(PostgresDatabase database, TimeProvider time) : IPipelineRegistry
{
    private const string Select =
        """
        select name, definition, path, version, state, reason, updated, lease.owner, instance_of, instance, instances
        from dataflow.pipeline_registry
          left join dataflow.lease on lease.pipeline = name and lease.held_until > clock_timestamp()
        """;

    private DateTimeOffset Now => time.GetUtcNow();

    public async ValueTask<bool> AddAsync(string name, int instances, string definition, string path, string by, CancellationToken ct) =>
        await database.WriteAsync(
            async connection =>
            {
                var names = PipelineName.OfState(name, instances);
                await LockNamesAsync(connection, ct).ConfigureAwait(false);
                if (await IsTakenAsync(connection, [name, .. names], ours: null, ct).ConfigureAwait(false))
                {
                    return false;
                }

                foreach (var entry in names)
                {
                    await InsertAsync(connection, entry, name, names, definition, path, version: 1, ct).ConfigureAwait(false);
                    await TellAsync(connection, entry, HistoryEvent.Created, by, detail: null, ct).ConfigureAwait(false);
                }

                return true;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<RegisteredPipeline?> FindAsync(string name, CancellationToken ct)
    {
        var found = await database.RunAsync(
            connection => connection.RowsAsync(PipelineOf, $"{Select} where name = $1", [name], ct), ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    public async ValueTask<RegisteredPipeline?> FindWholeAsync(string name, CancellationToken ct) => RegistryRules.Found(
        name,
        await database.RunAsync(
            connection => connection.RowsAsync(PipelineOf, $"{Select} where name = $1 or instance_of = $1", [name], ct), ct).ConfigureAwait(false));

    public async ValueTask<IReadOnlyList<RegisteredPipeline>> ListAsync(CancellationToken ct) => await database.RunAsync(
        connection => connection.RowsAsync(PipelineOf, $"{Select} order by name", [], ct), ct).ConfigureAwait(false);

    public async ValueTask<RegistryOutcome> ChangeAsync(
        string name, long expectedVersion, int instances, string definition, bool whileRunning, string by, CancellationToken ct) =>
        await database.WriteAsync(
            async connection =>
            {
                await LockNamesAsync(connection, ct).ConfigureAwait(false);
                var stored = await LockAsync(connection, name, ct).ConfigureAwait(false);
                var names = PipelineName.OfState(name, instances);
                var change = RegistryChange.Decide(stored, names, expectedVersion, whileRunning);
                if (change.Outcome != RegistryOutcome.Done)
                {
                    return change.Outcome;
                }

                if (await IsTakenAsync(connection, change.Added, ours: name, ct).ConfigureAwait(false))
                {
                    return RegistryOutcome.NameTaken;
                }

                foreach (var entry in change.Removed)
                {
                    await TakeAsync(connection, entry, by, ct).ConfigureAwait(false);
                    await PostgresPipelines.DisownOutputAsync(connection, entry, ct).ConfigureAwait(false);
                }

                var version = RegistryRules.DescribeChange(expectedVersion + 1);
                foreach (var entry in change.Kept)
                {
                    await connection.ExecuteAsync(
                        "update dataflow.pipeline_registry set definition = $2, version = version + 1, instances = $3, updated = $4 where name = $1",
                        [entry, definition, instances, Now], ct).ConfigureAwait(false);
                    await TellAsync(connection, entry, HistoryEvent.Changed, by, version, ct).ConfigureAwait(false);
                }

                foreach (var entry in change.Added)
                {
                    await InsertAsync(connection, entry, name, names, definition, stored[0].Path, expectedVersion + 1, ct).ConfigureAwait(false);
                    await TellAsync(connection, entry, HistoryEvent.Created, by, version, ct).ConfigureAwait(false);
                }

                return RegistryOutcome.Done;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<RegistryOutcome> RemoveAsync(string name, long? expectedVersion, string by, CancellationToken ct) =>
        await database.WriteAsync(
            async connection =>
            {
                await LockNamesAsync(connection, ct).ConfigureAwait(false);
                var stored = await LockAsync(connection, name, ct).ConfigureAwait(false);
                var outcome = RegistryRules.Judge(stored, expectedVersion);
                if (outcome == RegistryOutcome.Done)
                {
                    foreach (var entry in stored)
                    {
                        await TakeAsync(connection, entry.Name, by, ct).ConfigureAwait(false);
                    }
                }

                return outcome;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<bool> MoveAsync(
        string name, LifecycleState from, LifecycleState to, HistoryEvent happened, string? reason, string by, string? holder,
        CancellationToken ct) =>
        await database.WriteAsync(
            async connection =>
            {
                // The lock on the lease keeps it with its holder until the move stands.
                var moved = await connection.ExecuteAsync(
                    """
                    with held as (
                      select pipeline from dataflow.lease
                      where pipeline = $1 and owner = $6 and held_until > clock_timestamp() for update)
                    update dataflow.pipeline_registry set state = $3, reason = $4, updated = $5
                    where name = $1 and state = $2 and ($6::text is null or exists (select from held))
                    """,
                    [name, from.ToString(), to.ToString(), reason, Now, holder], ct).ConfigureAwait(false) == 1;
                if (moved)
                {
                    await TellAsync(connection, name, happened, by, reason, ct).ConfigureAwait(false);
                }

                return moved;
            },
            ct).ConfigureAwait(false);

    private Task TellAsync(NpgsqlConnection connection, string name, HistoryEvent happened, string by, string? detail, CancellationToken ct) =>
        PostgresPipelines.AddHistoryAsync(connection, name, happened, by, detail, Now, ct);

    private Task InsertAsync(
        NpgsqlConnection connection, string entry, string pipeline, IReadOnlyList<string> names, string definition, string path, long version,
        CancellationToken ct) =>
        connection.ExecuteAsync(
            """
            insert into dataflow.pipeline_registry(name, definition, path, version, state, updated, instance_of, instance, instances)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            [
                entry, definition, path, version, nameof(LifecycleState.Created), Now,
                entry == pipeline ? null : pipeline, entry == pipeline ? null : RegistryRules.NumberOf(entry, names), names.Count,
            ],
            ct);

    private async Task TakeAsync(NpgsqlConnection connection, string entry, string by, CancellationToken ct)
    {
        await connection.ExecuteAsync("delete from dataflow.pipeline_registry where name = $1", [entry], ct).ConfigureAwait(false);
        await connection.ExecuteAsync(
            "delete from dataflow.lease where pipeline = $1 and held_until <= clock_timestamp()", [entry], ct).ConfigureAwait(false);
        await PostgresPipelines.LockAsync(connection, entry, ct).ConfigureAwait(false);
        await PostgresPipelines.ResetAsync(connection, entry, Now, ct).ConfigureAwait(false);
        await PostgresDeadLetters.DeleteAboveAsync(connection, entry, default, ct).ConfigureAwait(false);
        await TellAsync(connection, entry, HistoryEvent.Removed, by, detail: null, ct).ConfigureAwait(false);
    }

    private static Task LockNamesAsync(NpgsqlConnection connection, CancellationToken ct) =>
        connection.ExecuteAsync("select pg_advisory_xact_lock($1)", [PostgresSchema.NamesLock], ct);

    private static async Task<bool> IsTakenAsync(NpgsqlConnection connection, IReadOnlyList<string> names, string? ours, CancellationToken ct)
    {
        var taken = await connection.RowsAsync(
            row => row.GetInt32(0),
            """
            select 1 from dataflow.pipeline_registry
            where name = any($1) or (instance_of = any($1) and instance_of is distinct from $2::text) limit 1
            """,
            [names.ToArray(), ours], ct).ConfigureAwait(false);
        return taken.Count > 0;
    }

    private static Task<List<RegistryEntry>> LockAsync(NpgsqlConnection connection, string name, CancellationToken ct) => connection.RowsAsync(
        row => new RegistryEntry(row.Text(0), row.GetInt64(1), Enum.Parse<LifecycleState>(row.GetString(2)), row.Text(3)),
        """
        select name, version, state, path from dataflow.pipeline_registry
        where (name = $1 and instance_of is null) or instance_of = $1 order by instance for update
        """,
        [name], ct);

    private static RegisteredPipeline PipelineOf(NpgsqlDataReader row) => new()
    {
        Name = row.Text(0),
        Definition = row.Text(1),
        Path = row.Text(2),
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
