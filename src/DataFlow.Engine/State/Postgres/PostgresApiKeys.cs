using DataFlow.Engine.Lifecycle;
using Npgsql;

namespace DataFlow.Engine.State;

/// <summary>The API keys of <see cref="PostgresServiceStore"/>.</summary>
internal sealed class PostgresApiKeys(PostgresDatabase database) : IApiKeys
{
    private const string Select = "select name, hash, may_write, created from dataflow.api_key";

    public async ValueTask<bool> AddAsync(ApiKey key, CancellationToken ct) => await database.WriteAsync(
        async connection => await connection.ExecuteAsync(
            "insert into dataflow.api_key values ($1, $2, $3, $4) on conflict do nothing",
            [key.Name, key.Hash.ToArray(), key.MayWrite, key.Created], ct).ConfigureAwait(false) == 1,
        ct).ConfigureAwait(false);

    public async ValueTask<ApiKey?> FindAsync(ReadOnlyMemory<byte> hash, CancellationToken ct)
    {
        var found = await database.RunAsync(
            connection => connection.RowsAsync(KeyOf, $"{Select} where hash = $1", [hash.ToArray()], ct), ct).ConfigureAwait(false);
        return found.SingleOrDefault();
    }

    public async ValueTask<IReadOnlyList<ApiKey>> ListAsync(CancellationToken ct) => await database.RunAsync(
        connection => connection.RowsAsync(KeyOf, $"{Select} order by name", [], ct), ct).ConfigureAwait(false);

    public async ValueTask<bool> RemoveAsync(string name, CancellationToken ct) => await database.WriteAsync(
        async connection => await connection.ExecuteAsync("delete from dataflow.api_key where name = $1", [name], ct)
            .ConfigureAwait(false) == 1,
        ct).ConfigureAwait(false);

    private static ApiKey KeyOf(NpgsqlDataReader row) =>
        new(row.Text(0), row.GetFieldValue<byte[]>(1), row.GetBoolean(2), row.Moment(3));
}
