using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace DataFlow.Connectors;

/// <summary>SQLite, in the process.</summary>
internal sealed class SqliteDialect : Dialect
{
    public static SqliteDialect Instance { get; } = new();

    public override string Name => "SQLite";

    public override string Package => "Microsoft.Data.Sqlite";

    public override IReadOnlyList<string> Vendors => ["sqlite"];

    public override IReadOnlyList<string> DriverNames => ["org.sqlite.JDBC"];

    public override string UrlExample => "jdbc:sqlite:path";

    public override SqlSyntax Syntax => SqlSyntax.Sqlite;

    public override string ClockQuery => "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";

    protected override DbProviderFactory Factory => SqliteFactory.Instance;

    public override string Placeholder(int number) => $"?{number}";

    public override DbConnectionStringBuilder Translate(JdbcUrl url, string baseDirectory, List<string> notes)
    {
        var builder = new SqliteConnectionStringBuilder { DataSource = url.Database };
        new JdbcParameters(url, builder, notes)
            .Map("mode", "Mode", mode => mode switch
            {
                "ro" => "ReadOnly",
                "rw" => "ReadWrite",
                "rwc" => "ReadWriteCreate",
                "memory" => "Memory",
                _ => mode,
            })
            .Map("cache", "Cache", cache => cache == "shared" ? "Shared" : "Private")
            .Milliseconds("busy_timeout", "Default Timeout")
            .Ignore("journal_mode", "synchronous", "foreign_keys")
            .Rest();
        return builder;
    }

    /// <summary>SQLite knows no users.</summary>
    public override void SetLogin(DbConnectionStringBuilder builder, DatabaseLogin login)
    {
    }

    public override void Complete(DbConnectionStringBuilder builder, string baseDirectory)
    {
        var sqlite = (SqliteConnectionStringBuilder)builder;
        if (sqlite.DataSource is not (":memory:" or "") && sqlite.Mode != SqliteOpenMode.Memory)
        {
            sqlite.DataSource = Path.GetFullPath(sqlite.DataSource, baseDirectory);
        }
    }

    /// <summary>ATTACH and VACUUM INTO would open any file, also to write it. Extensions can't be loaded by statements in any case.</summary>
    public override void Confine(DbConnection connection) =>
        raw.sqlite3_limit(((SqliteConnection)connection).Handle, raw.SQLITE_LIMIT_ATTACHED, 0);

    /// <summary>Ids are given out under the write lock, in the order of the commits; stamps usually come from applications.</summary>
    public override TimeSpan DefaultSafetyLag(IncrementalType type) =>
        type == IncrementalType.Id ? TimeSpan.Zero : TimeSpan.FromSeconds(30);

    public override Task<IReadOnlyList<DbColumn>> DescribeAsync(
        DbConnection connection, SqlText sql, DbTransaction? transaction, CancellationToken ct) =>
        Task.FromResult(SqliteColumn.Describe((SqliteConnection)connection, sql));

    public override Task<IRowReader> ReadAsync(
        DbConnection connection, SqlText sql, QueryShape shape, QueryLimits limits, CancellationToken ct) =>
        Task.FromResult<IRowReader>(SqliteRowReader.Start((SqliteConnection)connection, sql, shape, limits, ct));

    public override void Bind(DbCommand command, CursorValue value)
    {
        base.Bind(command, value);
        if (value.Kind == CursorKind.Moment)
        {
            // A start-time: stored stamps are text, and only their own form compares with them.
            command.Parameters[^1].Value = value.Text;
        }
    }

    public override FaultKind KindOf(DbException failure) => (failure as SqliteException)?.SqliteErrorCode switch
    {
        1 => FaultKind.Query,
        5 or 6 => FaultKind.Passing,
        8 or 14 or 26 => FaultKind.NoDatabase,
        9 => FaultKind.TimedOut,
        18 or 19 or 20 => FaultKind.Data,
        _ => FaultKind.Passing,
    };

    public override async ValueTask<bool?> IsIndexedAsync(DbConnection connection, string table, string column, CancellationToken ct)
    {
        var (name, wanted) = (PostgreSqlDialect.Text(table), PostgreSqlDialect.Text(column));
        var count = await connection.ScalarAsync(
            $"""
            SELECT (SELECT count(*) FROM pragma_index_list({name}) l JOIN pragma_index_info(l.name) i ON i.seqno = 0
                    WHERE i.name = {wanted} COLLATE NOCASE)
                + (SELECT count(*) FROM pragma_table_info({name})
                    WHERE name = {wanted} COLLATE NOCASE AND pk = 1 AND type = 'INTEGER' COLLATE NOCASE)
            """,
            ct).ConfigureAwait(false);
        return (long)count! > 0;
    }
}
