using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>
/// What the server publishes for a pipeline: the changes of its tables and of no others. It bears the pipeline's name as its comment,
/// so that none is changed on which somebody else depends.
/// </summary>
internal sealed class ChangePublication(DatabaseAddress address, string name, bool isNamedByUser, string pipeline)
{
    private const string Mark = "dataflow pipeline ";

    private string Comment => PostgreSqlDialect.Text(Mark + pipeline);

    private string Literal => PostgreSqlDialect.Text(name);

    /// <summary>Makes the publication, or limits it to the tables.</summary>
    /// <exception cref="ConnectorException">It is somebody else's, and publishes other tables.</exception>
    public async Task PublishAsync(DbConnection connection, IReadOnlyList<string> tables, CancellationToken ct)
    {
        var list = string.Join(", ", tables.Select(address.Dialect.QuoteTable));
        var quoted = address.Dialect.Quote(name);
        var remark = await connection.ScalarAsync(
            $"SELECT coalesce(obj_description(oid, 'pg_publication'), '') FROM pg_publication WHERE pubname = {Literal}", ct)
            .ConfigureAwait(false) as string;
        if (remark is null)
        {
            await connection.ExecuteAsync(
                $"BEGIN; CREATE PUBLICATION {quoted} FOR TABLE {list} WITH (publish = 'insert, update, delete'); "
                    + $"COMMENT ON PUBLICATION {quoted} IS {Comment}; COMMIT", ct).ConfigureAwait(false);
            return;
        }

        var isOurs = remark == Mark + pipeline || (remark.Length == 0 && !isNamedByUser);
        if (remark.StartsWith(Mark, StringComparison.Ordinal) && !isOurs)
        {
            throw ConnectorException.User(
                $"The publication {name} is that of another pipeline, '{remark[Mark.Length..]}'. Give this one its own with the options slot and publication.");
        }

        if (await PublishesAsync(connection, tables, ct).ConfigureAwait(false))
        {
            return;
        }

        if (!isOurs)
        {
            throw ConnectorException.User(
                $"The publication {name} was not made by this pipeline and publishes other tables than {string.Join(", ", tables)}; somebody else may "
                + $"depend on that. Change it with ALTER PUBLICATION {quoted} SET TABLE, or leave the option publication out.");
        }

        await connection.ExecuteAsync($"ALTER PUBLICATION {quoted} SET TABLE {list}", ct).ConfigureAwait(false);
    }

    private async Task<bool> PublishesAsync(DbConnection connection, IReadOnlyList<string> tables, CancellationToken ct)
    {
        var published = await connection.ListAsync(
            "SELECT to_regclass(quote_ident(schemaname) || '.' || quote_ident(tablename))::oid::text FROM pg_publication_tables WHERE "
                + $"pubname = {Literal}", ct).ConfigureAwait(false);
        var wanted = string.Join(", ", tables.Select(table => $"to_regclass({PostgreSqlDialect.Text(address.Dialect.QuoteTable(table))})::oid"));
        return published.ToHashSet().SetEquals(await connection.ListAsync($"SELECT unnest(ARRAY[{wanted}])::text", ct).ConfigureAwait(false));
    }
}
