using System.Text.Json;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Engine.State;

/// <summary>The leases of <see cref="SqliteServiceStore"/>.</summary>
internal sealed class SqliteLeases(SqliteDatabase database, SqliteWriter writer, TimeProvider time) : IPipelineLeases
{
    private DateTimeOffset Now => time.GetUtcNow();

    public async ValueTask<bool> ClaimAsync(string pipeline, string owner, TimeSpan duration, CancellationToken ct) =>
        await writer.WriteAsync(
            connection =>
            {
                var now = Now;
                return connection.Execute(
                    """
                    insert into lease values (?1, ?2, ?3)
                    on conflict do update set owner = excluded.owner, held_until = excluded.held_until
                    where held_until <= ?4 or owner = excluded.owner
                    """,
                    pipeline, owner, (now + duration).ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds()) == 1;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<IReadOnlyDictionary<string, long>> RenewAsync(
        string owner, IReadOnlyCollection<string> pipelines, TimeSpan duration, CancellationToken ct)
    {
        var names = JsonSerializer.Serialize(pipelines);
        return await writer.WriteAsync(
            connection =>
            {
                connection.Execute(
                    "update lease set held_until = ?3 where owner = ?1 and pipeline in (select value from json_each(?2))",
                    owner, names, (Now + duration).ToUnixTimeMilliseconds());
                return connection.Rows(
                    row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)),
                    """
                    select pipeline, version from lease join pipeline_registry on name = pipeline
                    where lease.owner = ?1 and pipeline in (select value from json_each(?2)) and state = ?3
                    """,
                    owner, names, nameof(LifecycleState.Running)).ToDictionary(StringComparer.Ordinal);
            },
            ct).ConfigureAwait(false);
    }

    public async ValueTask ReleaseAsync(string pipeline, string owner, CancellationToken ct) => await writer.WriteAsync(
        connection => connection.Execute("delete from lease where pipeline = ?1 and owner = ?2", pipeline, owner), ct)
        .ConfigureAwait(false);

    public ValueTask<IReadOnlyList<string>> OrphansAsync(CancellationToken ct) => database.ReadAsync<IReadOnlyList<string>>(
        connection => connection.Rows(
            row => row.GetString(0),
            """
            select name from pipeline_registry
            where state = 'Running' and not exists (select 1 from lease where pipeline = name and held_until > ?1)
            order by name
            """,
            Now.ToUnixTimeMilliseconds()),
        ct);
}
