using DataFlow.Engine.Lifecycle;
using Microsoft.Data.Sqlite;

namespace DataFlow.Engine.State;

/// <summary>The nodes of <see cref="SqliteServiceStore"/>.</summary>
internal sealed class SqliteNodes(SqliteDatabase database, SqliteWriter writer, TimeProvider time) : INodeDirectory
{
    private DateTimeOffset Now => time.GetUtcNow();

    public async ValueTask<string?> AnnounceAsync(ServiceNode node, TimeSpan lifetime, CancellationToken ct) =>
        await writer.WriteAsync(
            connection =>
            {
                var now = Now;
                connection.Execute("delete from node where there_until <= ?1", now.ToUnixTimeMilliseconds());
                var announced = connection.Execute(
                    """
                    insert into node values (?1, ?2, ?3, ?4, ?5, ?6)
                    on conflict do update set address = excluded.address, version = excluded.version, there_until = excluded.there_until
                    where incarnation = excluded.incarnation
                    """,
                    node.Name, node.Incarnation, node.Address.AbsoluteUri, node.Version, node.Started.ToUnixTimeMilliseconds(),
                    (now + lifetime).ToUnixTimeMilliseconds()) == 1;
                return announced ? null : connection.Scalar<string>("select incarnation from node where name = ?1", node.Name);
            },
            ct).ConfigureAwait(false);

    public async ValueTask LeaveAsync(string incarnation, CancellationToken ct) => await writer.WriteAsync(
        connection => connection.Execute("delete from node where incarnation = ?1", incarnation), ct).ConfigureAwait(false);

    public ValueTask<IReadOnlyList<ServiceNode>> ListAsync(CancellationToken ct) => database.ReadAsync<IReadOnlyList<ServiceNode>>(
        connection => connection.Rows(
            NodeOf,
            "select name, incarnation, address, version, started from node where there_until > ?1 order by name",
            Now.ToUnixTimeMilliseconds()),
        ct);

    private static ServiceNode NodeOf(SqliteDataReader row) =>
        new(row.GetString(0), row.GetString(1), new Uri(row.GetString(2)), row.GetString(3), row.Moment(4));
}
