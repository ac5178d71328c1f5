using System.Data.Common;
using Npgsql;

namespace DataFlow.Connectors;

/// <summary>PostgreSQL, through Npgsql.</summary>
internal sealed class PostgreSqlDialect : Dialect
{
    public static PostgreSqlDialect Instance { get; } = new();

    public override string Name => "PostgreSQL";

    public override string Package => "Npgsql";

    public override IReadOnlyList<string> Vendors => ["postgresql"];

    public override IReadOnlyList<string> DriverNames => ["org.postgresql.Driver"];

    public override string UrlExample => "jdbc:postgresql://host:5432/database";

    public override SqlSyntax Syntax => SqlSyntax.PostgreSql;

    public override string ClockQuery => "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

    /// <summary>Two that begin at once may both find that a column is missing.</summary>
    public override string AddColumn => "ADD COLUMN IF NOT EXISTS";

    protected override DbProviderFactory Factory => NpgsqlFactory.Instance;

    protected override string UserKey => "Username";

    public override string Placeholder(int number) => $"${number}";

    public override DbConnectionStringBuilder Translate(JdbcUrl url, string baseDirectory, List<string> notes)
    {
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = url.Hosts.Count == 0
                ? "localhost"
                : JdbcParameters.Hosts(url, host => host.Port is { } port ? $"{host.Name}:{port}" : host.Name),
        };
        if (url.Hosts is [{ Port: { } single }])
        {
            builder.Host = url.Hosts[0].Name.Trim('[', ']');
            builder.Port = single;
        }

        if (url.Database.Length > 0)
        {
            builder.Database = url.Database;
        }

        new JdbcParameters(url, builder, notes)
            .Copy("user", "Username")
            .Copy("password", "Password")
            .Flag("ssl", "SSL Mode", "VerifyFull", null)
            .Map("sslmode", "SSL Mode", mode => mode.Replace("-", "", StringComparison.Ordinal))
            .Copy("sslrootcert", "Root Certificate")
            .Copy("sslcert", "SSL Certificate")
            .Copy("sslkey", "SSL Key")
            .Copy("currentschema", "Search Path")
            .Seconds("connecttimeout", "Timeout")
            .Seconds("logintimeout", "Timeout")
            .Seconds("sockettimeout", "Command Timeout")
            .Copy("applicationname", "Application Name")
            .Map("targetservertype", "Target Session Attributes", ServerType)
            .Copy("options", "Options")
            .Flag("tcpkeepalive", "Tcp Keepalive", true, false)
            .Ignore("preparethreshold", "defaultrowfetchsize", "rewritebatchedinserts", "stringtype", "binarytransfer", "autosave")
            .Rest();
        return builder;
    }

    public override void Complete(DbConnectionStringBuilder builder, string baseDirectory)
    {
        var npgsql = (NpgsqlConnectionStringBuilder)builder;
        npgsql.ApplicationName ??= "dataflow";
        npgsql.Timezone ??= "UTC";

        // Most of the time of reading goes into asking the socket: it is asked for more at once.
        npgsql.ReadBufferSize = Math.Max(npgsql.ReadBufferSize, 128 << 10);
        npgsql.WriteBufferSize = Math.Max(npgsql.WriteBufferSize, 64 << 10);

        // A transaction pooler in between keeps no prepared statements; and DISCARD ALL would cost a round trip per poll.
        npgsql.NoResetOnClose = true;
    }

    /// <summary>Arrays and ranges of dates are read as the server writes them, and 01/02/2024 means two days.</summary>
    public override string? SessionSetup(DbConnection connection) =>
        ((NpgsqlConnection)connection).PostgresParameters.TryGetValue("DateStyle", out var style) && !style.StartsWith("ISO", StringComparison.Ordinal)
            ? "SET DateStyle = 'ISO, MDY'"
            : null;

    public override async ValueTask<bool> IsAliveAsync(DbConnection connection, CancellationToken ct)
    {
        try
        {
            await connection.ScalarAsync("SELECT 1", ct, timeoutSeconds: connection.ConnectionTimeout).ConfigureAwait(false);
            return true;
        }
        catch (NpgsqlException)
        {
            NpgsqlConnection.ClearPool((NpgsqlConnection)connection);
            return false;
        }
    }

    public override ValueTask<ITransactionWatch?> WatchAsync(DatabaseAddress address, CancellationToken ct) =>
        PostgreSqlTransactionWatch.CreateAsync(address, ct);

    public override Task<IReadOnlyList<DbColumn>> DescribeAsync(
        DbConnection connection, SqlText sql, DbTransaction? transaction, CancellationToken ct) =>
        base.DescribeAsync(connection, new SqlText([sql.ToLiteral()], []), transaction, ct);

    public override Task<IRowReader> ReadAsync(
        DbConnection connection, SqlText sql, QueryShape shape, QueryLimits limits, CancellationToken ct) =>
        PostgreSqlCopyReader.StartAsync((NpgsqlConnection)connection, sql, shape, limits, ct);

    public override string SelectList(QueryShape shape) =>
        string.Join(", ", shape.Columns.Select((column, index) => PostgreSqlColumns.Select(column, shape.Formats[index])));

    public override ColumnFormat FormatOf(DbColumn column) => PostgreSqlColumns.FormatOf(column);

    public override int? DigitsOf(DbColumn column, ColumnFormat format) => format switch
    {
        ColumnFormat.Date => 0,
        ColumnFormat.Time or ColumnFormat.Timestamp or ColumnFormat.TimestampTz => column.NumericPrecision ?? FractionDigits,
        _ => base.DigitsOf(column, format),
    };

    public override FaultKind KindOf(DbException failure) => failure is PostgresException { SqlState: { Length: 5 } state }
        ? state switch
        {
            "28P01" or "28000" => FaultKind.Login,
            "3D000" => FaultKind.NoDatabase,
            "57014" => FaultKind.TimedOut,
            "42501" => FaultKind.Query,

            // 54000: too long for an index. P0001 and 45000: a trigger or a function says so.
            "54000" or "P0001" or "45000" or "44000" or ['2', '2' or '3', ..] => FaultKind.Data,
            ['4', '2', ..] or ['0', 'A', ..] => FaultKind.Query,
            _ => FaultKind.Passing,
        }
        : failure.InnerException is TimeoutException ? FaultKind.TimedOut : FaultKind.Unreachable;

    public override int PositionOf(DbException failure) => (failure as PostgresException)?.Position ?? 0;

    public override async ValueTask<bool?> IsIndexedAsync(DbConnection connection, string table, string column, CancellationToken ct)
    {
        var sql =
            $"""
            SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = to_regclass({Text(QuoteTable(table))}) AND i.indisvalid AND a.attname = {Text(column)}
            """;
        var relation = await connection.ScalarAsync($"SELECT relkind::text FROM pg_class WHERE oid = "
            + $"to_regclass({Text(QuoteTable(table))})", ct).ConfigureAwait(false);
        return relation is "r" or "p" or "m" ? (long)(await connection.ScalarAsync(sql, ct).ConfigureAwait(false))! > 0 : null;
    }

    /// <summary>A text as a literal.</summary>
    public static string Text(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>A text as a literal in which nothing is read as SQL, whatever the server's settings.</summary>
    public static string Escaped(string value) =>
        $"E'{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>
    /// A cursor as a literal, because COPY takes no parameters. Numbers and moments are formatted by us; a text, which only a key can
    /// be, is quoted.
    /// </summary>
    public static string Literal(CursorValue value) => value.Kind == CursorKind.Text
        ? Escaped(value.Text)
        : $"'{value.ToText(6)}{(value.Kind == CursorKind.Moment && value.HasZone ? "+00" : "")}'";

    private static string? ServerType(string type) => type.ToLowerInvariant() switch
    {
        "any" => "any",
        "primary" or "master" => "primary",
        "secondary" or "slave" => "standby",
        "preferprimary" => "prefer-primary",
        "prefersecondary" or "preferslave" => "prefer-standby",
        _ => type,
    };
}
