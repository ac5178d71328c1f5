using System.Data.Common;
using System.Globalization;
using MySqlConnector;

namespace DataFlow.Connectors;

/// <summary>MySQL and MariaDB, through MySqlConnector.</summary>
internal sealed class MySqlDialect : Dialect
{
    private const string InUtc = "SET time_zone = '+00:00'";

    private static readonly MySqlDialect WithoutZeroDates = new() { ZeroDatesAreNull = true };

    public static MySqlDialect Instance { get; } = new();

    /// <summary>True where the connection says that a zero date is to be read as NULL; else it is read as text.</summary>
    public bool ZeroDatesAreNull { get; private init; }

    public override string Name => "MySQL";

    public override string Package => "MySqlConnector";

    public override IReadOnlyList<string> Vendors => ["mysql", "mariadb"];

    public override IReadOnlyList<string> DriverNames => ["com.mysql.cj.jdbc.Driver", "com.mysql.jdbc.Driver", "org.mariadb.jdbc.Driver"];

    public override string UrlExample => "jdbc:mysql://host:3306/database";

    public override SqlSyntax Syntax => SqlSyntax.MySql;

    public override bool HasColumnTypes => true;

    public override string ClockQuery => "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";

    protected override DbProviderFactory Factory => MySqlConnectorFactory.Instance;

    public override string Quote(string identifier) => $"`{identifier.Replace("`", "``", StringComparison.Ordinal)}`";

    public override DbConnectionStringBuilder Translate(JdbcUrl url, string baseDirectory, List<string> notes)
    {
        var builder = new MySqlConnectionStringBuilder
        {
            Server = url.Hosts.Count == 0 ? "localhost" : JdbcParameters.Hosts(url, host => host.Name),
            Database = url.Database,
        };
        if (url.Hosts.FirstOrDefault(host => host.Port is not null).Port is { } port)
        {
            builder.Port = (uint)port;
        }

        new JdbcParameters(url, builder, notes)
            .Copy("user", "User ID")
            .Copy("password", "Password")
            .Flag("usessl", "SSL Mode", "Required", "Disabled")
            .Flag("requiressl", "SSL Mode", "Required", null)
            .Map("sslmode", "SSL Mode", SslMode)
            .Flag("allowpublickeyretrieval", "AllowPublicKeyRetrieval", true, false)
            .Milliseconds("connecttimeout", "Connection Timeout")
            .Milliseconds("sockettimeout", "Default Command Timeout")
            .Map("characterencoding", "Character Set", _ => "utf8mb4")
            .Flag("tinyint1isbit", "Treat Tiny As Boolean", true, false)
            .Map("zerodatetimebehavior", "Convert Zero DateTime", behaviour => IsToNull(behaviour) ? "True" : null)
            .Ignore("rewritebatchedstatements", "usecursorfetch", "autoreconnect", "useunicode", "servertimezone")
            .Rest();
        notes.RemoveAll(note => note.Contains("servertimezone", StringComparison.Ordinal));
        if (url["zerodatetimebehavior"] is { } behaviour && !IsToNull(behaviour))
        {
            notes.Add($"zeroDateTimeBehavior={behaviour} of the connection has no effect here: a zero date is read as it is, as text.");
        }

        return builder;
    }

    public override Dialect For(DbConnectionStringBuilder builder) =>
        ((MySqlConnectionStringBuilder)builder).ConvertZeroDateTime ? WithoutZeroDates : this;

    public override void Complete(DbConnectionStringBuilder builder, string baseDirectory)
    {
        var mysql = (MySqlConnectionStringBuilder)builder;

        // A zero date is a value like any other: it must not end the run.
        mysql.AllowZeroDateTime = true;
        mysql.ConvertZeroDateTime = false;
        mysql.GuidFormat = MySqlGuidFormat.None;
        mysql.ApplicationName = "dataflow";

        // What an UPDATE finds counts, also where it changes nothing.
        mysql.UseAffectedRows = false;
    }

    /// <summary>LOAD DATA LOCAL hands a server whichever file it asks for.</summary>
    public override void Confine(DbConnectionStringBuilder builder, string display)
    {
        if (((MySqlConnectionStringBuilder)builder).AllowLoadLocalInfile)
        {
            throw ConnectorException.User(
                $"The connection {display} has AllowLoadLocalInfile, which lets the server read files of this machine; pipelines of this service may not have that. "
                + "Leave it out: rows are loaded without.");
        }
    }

    /// <summary>
    /// Every session has one time zone, whatever the server's: in the night when clocks are set back, a local time means two moments.
    /// The JDBC parameter serverTimezone has no counterpart in the connection string.
    /// </summary>
    public override string? SessionSetup(string connection)
    {
        var zone = JdbcUrl.Is(connection) ? JdbcUrl.Parse(connection)["servertimezone"] ?? "UTC" : "UTC";
        return zone.ToUpperInvariant() is "UTC" or "GMT" or "Z" or ""
            ? InUtc
            : $"SET time_zone = "
                + $"'{new string([.. zone.Where(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '+' or '-' or ':')])}'";
    }

    /// <summary>
    /// LOAD DATA LOCAL from memory is allowed: the provider hands out files only to servers whose certificate it has checked, and where
    /// pipelines are confined, whoever wrote one may have made that certificate. And in the strict mode a value that doesn't fit is
    /// refused instead of changed, and a 0 is not taken for the next number.
    /// </summary>
    public override DatabaseAddress ForWriting(DatabaseAddress address)
    {
        var builder = new MySqlConnectionStringBuilder(address.ConnectionString);
        builder.AllowLoadLocalInfile = !address.IsConfined || builder.SslMode is not (MySqlSslMode.VerifyCA or MySqlSslMode.VerifyFull);
        return address with
        {
            ConnectionString = builder.ConnectionString,
            SessionSetup = address.SessionSetup + "; SET sql_mode = CONCAT_WS(',', NULLIF(@@sql_mode, ''), 'STRICT_ALL_TABLES', 'NO_AUTO_VALUE_ON_ZERO')",
        };
    }

    /// <summary>True where the sessions of an address count in UTC.</summary>
    public static bool CountsInUtc(DatabaseAddress address) => address.SessionSetup?.StartsWith(InUtc, StringComparison.Ordinal) == true;

    public override ValueTask<ITransactionWatch?> WatchAsync(DatabaseAddress address, CancellationToken ct) =>
        MySqlTransactionWatch.CreateAsync(address, ct);

    public override ColumnFormat FormatOf(DbColumn column) => column.DataTypeName?.ToUpperInvariant() switch
    {
        "BIT" => ColumnFormat.Bits,
        "DATETIME" or "TIMESTAMP" => ColumnFormat.MySqlMoment,
        "DATE" => ColumnFormat.MySqlDate,
        "DECIMAL" => ColumnFormat.MySqlDecimal,
        "TIME" => ColumnFormat.Interval,
        "YEAR" => ColumnFormat.MySqlYear,
        "JSON" => ColumnFormat.Json,
        _ => ColumnFormats.ByClrType(column),
    };

    public override int? DigitsOf(DbColumn column, ColumnFormat format) => format switch
    {
        ColumnFormat.MySqlDate or ColumnFormat.MySqlYear => 0,
        ColumnFormat.Bool or ColumnFormat.Int16 or ColumnFormat.Int32 or ColumnFormat.Int64 or ColumnFormat.UInt64 => 0,
        ColumnFormat.MySqlMoment => SecondDigits(column, "2024-01-01 10:00:00".Length),
        ColumnFormat.Interval => SecondDigits(column, "-838:59:59".Length),
        _ => base.DigitsOf(column, format),
    };

    public override void Bind(DbCommand command, CursorValue value)
    {
        base.Bind(command, value);
        if (value.Kind == CursorKind.Moment)
        {
            var parameter = command.Parameters[^1];
            parameter.ResetDbType();
            parameter.Value = value.ToText(6);
        }
    }

    public override FaultKind KindOf(DbException failure) => failure is MySqlException mysql
        ? mysql.ErrorCode switch
        {
            MySqlErrorCode.AccessDenied or MySqlErrorCode.DatabaseAccessDenied or (MySqlErrorCode)1698 => FaultKind.Login,
            MySqlErrorCode.UnknownDatabase => FaultKind.NoDatabase,
            MySqlErrorCode.QueryInterrupted or MySqlErrorCode.CommandTimeoutExpired or (MySqlErrorCode)1969 => FaultKind.TimedOut,
            MySqlErrorCode.UnableToConnectToHost => FaultKind.Unreachable,
            MySqlErrorCode.LockDeadlock or MySqlErrorCode.LockWaitTimeout or (MySqlErrorCode)1053 => FaultKind.Passing,
            MySqlErrorCode.ParseError or MySqlErrorCode.NoSuchTable or MySqlErrorCode.BadFieldError or MySqlErrorCode.TableAccessDenied
                or MySqlErrorCode.ColumnAccessDenied or MySqlErrorCode.DuplicateFieldName or (MySqlErrorCode)1052
                or MySqlErrorCode.UnknownTable or MySqlErrorCode.StoredProcedureDoesNotExist or MySqlErrorCode.UnknownTimeZone => FaultKind.Query,
            _ => mysql.SqlState switch
            {
                ['2', '2' or '3', ..] or ['4', '4' or '5', ..] => FaultKind.Data,
                ['4', '2', ..] => FaultKind.Query,
                ['0', '8', ..] => FaultKind.Unreachable,
                _ => IsDataError(mysql.Number) ? FaultKind.Data : FaultKind.Passing,
            },
        }
        : FaultKind.Unreachable;

    public override async ValueTask<bool?> IsIndexedAsync(DbConnection connection, string table, string column, CancellationToken ct)
    {
        var parts = TableName.Parts(table);
        var command = connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.CommandText =
                "SELECT COUNT(*) FROM information_schema.statistics "
                + "WHERE seq_in_index = 1 AND table_schema = COALESCE(?, DATABASE()) AND table_name = ? AND column_name = ?";
            foreach (var value in (object?[])[parts.Count > 1 ? parts[^2] : null, parts[^1], column])
            {
                var parameter = command.CreateParameter();
                parameter.Value = value ?? DBNull.Value;
                command.Parameters.Add(parameter);
            }

            return Convert.ToInt64(await command.ExecuteScalarAsync(ct).ConfigureAwait(false), CultureInfo.InvariantCulture) > 0;
        }
    }

    private static int SecondDigits(DbColumn column, int without) => Math.Max(0, (column.ColumnSize ?? 0) - without - 1);

    private static bool IsToNull(string behaviour) => behaviour.ToUpperInvariant() is "CONVERT_TO_NULL" or "CONVERTTONULL";

    /// <summary>
    /// Rows that don't fit: 1048 and 1364 null, 1264 range, 1265 and 1292 truncated, 1300 and 1366 incorrect, 1369, 3819 and 4025 check,
    /// 1406 too long, 1526 no partition, 1644 a trigger says so.
    /// </summary>
    private static bool IsDataError(int number) => number
        is 1048 or 1062 or 1264 or 1265 or 1292 or 1300 or 1364 or 1366 or 1369 or 1406 or 1451 or 1452 or 1526 or 1644 or 3819 or 4025;

    private static string? SslMode(string mode) => mode.ToUpperInvariant() switch
    {
        "DISABLED" or "DISABLE" => "Disabled",
        "PREFERRED" => "Preferred",
        "REQUIRED" or "TRUST" => "Required",
        "VERIFY_CA" or "VERIFY-CA" => "VerifyCA",
        "VERIFY_IDENTITY" or "VERIFY-FULL" => "VerifyFull",
        _ => mode,
    };
}
