using DataFlow.Engine.Lifecycle;
using Npgsql;

namespace DataFlow.Engine.State;

/// <summary>The nodes of <see cref="PostgresServiceStore"/>.</summary>
internal sealed class PostgresNodes(PostgresDatabase database) : INodeDirectory
{
    public async ValueTask<string?> AnnounceAsync(ServiceNode node, TimeSpan lifetime, CancellationToken ct) =>
        await database.RunAsync(
            async connection =>
            {
                await connection.ExecuteAsync("delete from dataflow.node where there_until <= clock_timestamp()", [], ct)
                    .ConfigureAwait(false);
                string? other = null;
                while (other is null && !await PutAsync(connection, node, lifetime, ct).ConfigureAwait(false))
                {
                    // Null when that one has left just now.
                    other = (await connection.RowsAsync(
                        row => row.Text(0), "select incarnation from dataflow.node where name = $1", [node.Name], ct).ConfigureAwait(false))
                        .SingleOrDefault();
                }

                return other;
            },
            ct).ConfigureAwait(false);

    public async ValueTask LeaveAsync(string incarnation, CancellationToken ct) => await database.RunAsync(
        connection => connection.ExecuteAsync("delete from dataflow.node where incarnation = $1", [incarnation], ct), ct)
        .ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<ServiceNode>> ListAsync(CancellationToken ct) => await database.RunAsync(
        connection => connection.RowsAsync(
            NodeOf,
            "select name, incarnation, address, version, started from dataflow.node where there_until > clock_timestamp() order by name",
            [], ct),
        ct).ConfigureAwait(false);

    private static async Task<bool> PutAsync(NpgsqlConnection connection, ServiceNode node, TimeSpan lifetime, CancellationToken ct) =>
        await connection.ExecuteAsync(
            """
            insert into dataflow.node as there values ($1, $2, $3, $4, $5, clock_timestamp() + $6)
            on conflict (name) do update set address = excluded.address, version = excluded.version, there_until = excluded.there_until
            where there.incarnation = excluded.incarnation
            """,
            [node.Name, node.Incarnation, node.Address.AbsoluteUri, node.Version, node.Started, lifetime], ct).ConfigureAwait(false) == 1;

    private static ServiceNode NodeOf(NpgsqlDataReader row) =>
        new(row.Text(0), row.Text(1), new Uri(row.Text(2)), row.Text(3), row.Moment(4));
}
