using DataFlow.Engine.Lifecycle;

namespace DataFlow.Engine.State;

/// <summary>The leases of <see cref="PostgresServiceStore"/>.</summary>
internal sealed class PostgresLeases(PostgresDatabase database) : IPipelineLeases
{
    public async ValueTask<bool> ClaimAsync(string pipeline, string owner, TimeSpan duration, CancellationToken ct)
    {
        var claimed = await database.RunAsync(
            connection => connection.ExecuteAsync(
                """
                insert into dataflow.lease as held values ($1, $2, clock_timestamp() + $3)
                on conflict (pipeline) do update set owner = excluded.owner, held_until = clock_timestamp() + $3
                where held.held_until <= clock_timestamp() or held.owner = excluded.owner
                """,
                [pipeline, owner, duration], ct),
            ct).ConfigureAwait(false);
        return claimed == 1;
    }

    public async ValueTask<IReadOnlyDictionary<string, long>> RenewAsync(
        string owner, IReadOnlyCollection<string> pipelines, TimeSpan duration, CancellationToken ct)
    {
        var running = await database.RunAsync(
            connection => connection.RowsAsync(
                row => KeyValuePair.Create(row.Text(0), row.GetInt64(1)),
                """
                with renewed as (
                  update dataflow.lease set held_until = clock_timestamp() + $2
                  where owner = $1 and pipeline = any($4) returning pipeline)
                select pipeline, version from renewed join dataflow.pipeline_registry on name = pipeline where state = $3
                """,
                [owner, duration, nameof(LifecycleState.Running), pipelines.ToArray()], ct),
            ct).ConfigureAwait(false);
        return running.ToDictionary(StringComparer.Ordinal);
    }

    public async ValueTask ReleaseAsync(string pipeline, string owner, CancellationToken ct) => await database.RunAsync(
        connection => connection.ExecuteAsync(
            "delete from dataflow.lease where pipeline = $1 and owner = $2", [pipeline, owner], ct),
        ct).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<string>> OrphansAsync(CancellationToken ct) => await database.RunAsync(
        connection => connection.RowsAsync(
            row => row.Text(0),
            """
            select name from dataflow.pipeline_registry
            where state = 'Running'
              and not exists (select from dataflow.lease where pipeline = name and held_until > clock_timestamp())
            order by name
            """,
            [], ct),
        ct).ConfigureAwait(false);
}
