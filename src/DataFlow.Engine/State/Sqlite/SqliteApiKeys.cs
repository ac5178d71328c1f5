using DataFlow.Engine.Lifecycle;
using Microsoft.Data.Sqlite;

namespace DataFlow.Engine.State;

/// <summary>The API keys of <see cref="SqliteServiceStore"/>.</summary>
internal sealed class SqliteApiKeys(SqliteDatabase database, SqliteWriter writer) : IApiKeys
{
    private const string Select = "select name, hash, may_write, created from api_key";

    public async ValueTask<bool> AddAsync(ApiKey key, CancellationToken ct) => await writer.WriteAsync(
        connection => connection.Execute(
            "insert into api_key values (?1, ?2, ?3, ?4) on conflict do nothing",
            key.Name, key.Hash.ToArray(), key.MayWrite, key.Created.ToUnixTimeMilliseconds()) == 1,
        ct).ConfigureAwait(false);

    public ValueTask<ApiKey?> FindAsync(ReadOnlyMemory<byte> hash, CancellationToken ct) => database.ReadAsync(
        connection => connection.Rows(KeyOf, $"{Select} where hash = ?1", hash.ToArray()).SingleOrDefault(), ct);

    public ValueTask<IReadOnlyList<ApiKey>> ListAsync(CancellationToken ct) => database.ReadAsync<IReadOnlyList<ApiKey>>(
        connection => connection.Rows(KeyOf, $"{Select} order by name"), ct);

    public async ValueTask<bool> RemoveAsync(string name, CancellationToken ct) => await writer.WriteAsync(
        connection => connection.Execute("delete from api_key where name = ?1", name) == 1, ct).ConfigureAwait(false);

    private static ApiKey KeyOf(SqliteDataReader row) =>
        new(row.GetString(0), row.GetFieldValue<byte[]>(1), row.GetBoolean(2), row.Moment(3));
}
