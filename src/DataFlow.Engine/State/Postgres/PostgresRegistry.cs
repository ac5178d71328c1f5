using DataFlow.Engine.Lifecycle;
using Npgsql;

namespace DataFlow.Engine.State;

/// <summary>The pipelines of <see cref="PostgresServiceStore"/>.</summary>
internal sealed class PostgresRegistry(PostgresDatabase database, TimeProvider time) : IPipelineRegistry
{
    private const string Select =
        """
        select name, definition, path, version, state, reason, updated, lease.owner
        from dataflow.pipeline_registry
          left join dataflow.lease on lease.pipeline = name and lease.held_until > clock_timestamp()
        """;

    private DateTimeOffset Now => time.GetUtcNow();

    public async ValueTask<bool> AddAsync(string name, string definition, string path, string by, CancellationToken ct) =>
        await database.WriteAsync(
            async connection =>
            {
                var added = await connection.ExecuteAsync(
                    "insert into dataflow.pipeline_registry values ($1, $2, $3, 1, $4, null, $5) on conflict do nothing",
                    [name, definition, path, nameof(LifecycleState.Created), Now], ct).ConfigureAwait(false) == 1;
                if (added)
                {
                    await TellAsync(connection, name, HistoryEvent.Created, by, detail: null, ct).ConfigureAwait(false);
                }

                return added;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<RegisteredPipeline?> FindAsync(string name, CancellationToken ct)
    {
        var found = await database.RunAsync(
            connection => connection.RowsAsync(PipelineOf, $"{Select} where name = $1", [name], ct), ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    public async ValueTask<IReadOnlyList<RegisteredPipeline>> ListAsync(CancellationToken ct) => await database.RunAsync(
        connection => connection.RowsAsync(PipelineOf, $"{Select} order by name", [], ct), ct).ConfigureAwait(false);

    public async ValueTask<RegistryOutcome> ChangeAsync(
        string name, long expectedVersion, string definition, bool whileRunning, string by, CancellationToken ct) =>
        await database.WriteAsync(
            async connection =>
            {
                var outcome = RegistryRules.Judge(
                    await LockAsync(connection, name, ct).ConfigureAwait(false), expectedVersion, whileRunning);
                if (outcome == RegistryOutcome.Done)
                {
                    await connection.ExecuteAsync(
                        "update dataflow.pipeline_registry set definition = $2, version = version + 1, updated = $3 where name = $1",
                        [name, definition, Now], ct).ConfigureAwait(false);
                    await TellAsync(
                        connection, name, HistoryEvent.Changed, by, RegistryRules.DescribeChange(expectedVersion + 1), ct)
                        .ConfigureAwait(false);
                }

                return outcome;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<RegistryOutcome> RemoveAsync(string name, long? expectedVersion, string by, CancellationToken ct) =>
        await database.WriteAsync(
            async connection =>
            {
                var outcome = RegistryRules.Judge(await LockAsync(connection, name, ct).ConfigureAwait(false), expectedVersion);
                if (outcome == RegistryOutcome.Done)
                {
                    await connection.ExecuteAsync("delete from dataflow.pipeline_registry where name = $1", [name], ct)
                        .ConfigureAwait(false);
                    await connection.ExecuteAsync(
                        "delete from dataflow.lease where pipeline = $1 and held_until <= clock_timestamp()", [name], ct).ConfigureAwait(false);
                    await PostgresPipelines.LockAsync(connection, name, ct).ConfigureAwait(false);
                    await PostgresPipelines.ResetAsync(connection, name, Now, ct).ConfigureAwait(false);
                    await PostgresDeadLetters.DeleteAboveAsync(connection, name, default, ct).ConfigureAwait(false);
                    await TellAsync(connection, name, HistoryEvent.Removed, by, detail: null, ct).ConfigureAwait(false);
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

    private static async Task<(long Version, LifecycleState State)?> LockAsync(
        NpgsqlConnection connection, string name, CancellationToken ct)
    {
        var rows = await connection.RowsAsync<(long, LifecycleState)?>(
            row => (row.GetInt64(0), Enum.Parse<LifecycleState>(row.GetString(1))),
            "select version, state from dataflow.pipeline_registry where name = $1 for update",
            [name], ct).ConfigureAwait(false);
        return rows.SingleOrDefault();
    }

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
    };
}
