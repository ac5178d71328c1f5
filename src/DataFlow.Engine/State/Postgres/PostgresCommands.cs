using Npgsql;

namespace DataFlow.Engine.State;

/// <summary>
/// Runs statements whose parameters are numbered <c>$1</c>, <c>$2</c> and so on. Texts go through <see cref="PostgresText"/>.
/// </summary>
internal static class PostgresCommands
{
    /// <summary>Returns the number of rows that changed.</summary>
    public static async Task<int> ExecuteAsync(
        this NpgsqlConnection connection, string sql, object?[] parameters, CancellationToken ct)
    {
        await using var command = connection.Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    /// <summary>All rows.</summary>
    public static async Task<List<T>> RowsAsync<T>(
        this NpgsqlConnection connection, Func<NpgsqlDataReader, T> read, string sql, object?[] parameters, CancellationToken ct)
    {
        await using var command = connection.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
        var rows = new List<T>();
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    public static void Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<object?> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in parameters)
        {
            command.Parameters.Add(Parameter(value));
        }

        batch.BatchCommands.Add(command);
    }

    public static string Text(this NpgsqlDataReader reader, int column) => PostgresText.Unescape(reader.GetString(column));

    public static string? TextOrNull(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.Text(column);

    public static DateTimeOffset Moment(this NpgsqlDataReader reader, int column) => reader.GetFieldValue<DateTimeOffset>(column);

    private static NpgsqlCommand Command(this NpgsqlConnection connection, string sql, object?[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in parameters)
        {
            command.Parameters.Add(Parameter(value));
        }

        return command;
    }

    private static NpgsqlParameter Parameter(object? value) => new()
    {
        Value = value switch
        {
            null => DBNull.Value,
            string text => PostgresText.Escape(text),
            string[] texts => Array.ConvertAll(texts, PostgresText.Escape),
            DateTimeOffset moment => moment.ToUniversalTime(),
            _ => value,
        },
    };
}
