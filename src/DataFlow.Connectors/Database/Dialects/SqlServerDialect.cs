using System.Data.Common;
using Microsoft.Data.SqlClient;

namespace DataFlow.Connectors;

/// <summary>SQL Server and Azure SQL, through Microsoft.Data.SqlClient.</summary>
internal sealed class SqlServerDialect : Dialect
{
    public static SqlServerDialect Instance { get; } = new();

    public override string Name => "SQL Server";

    public override string Package => "Microsoft.Data.SqlClient";

    public override IReadOnlyList<string> Vendors => ["sqlserver"];

    public override IReadOnlyList<string> DriverNames => ["com.microsoft.sqlserver.jdbc.SQLServerDriver"];

    public override string UrlExample => "jdbc:sqlserver://host:1433;databaseName=mydb";

    public override SqlSyntax Syntax => SqlSyntax.SqlServer;

    public override bool OrdersInside => false;

    public override int FractionDigits => 7;

    public override string AddColumn => "ADD";

    public override bool HasColumnTypes => true;

    public override string ClockQuery => "SELECT DATEDIFF_BIG(millisecond, '1970-01-01', SYSUTCDATETIME())";

    protected override DbProviderFactory Factory => SqlClientFactory.Instance;

    public override string Quote(string identifier) => $"[{identifier.Replace("]", "]]", StringComparison.Ordinal)}]";

    public override string First(string select, int rows) => $"{select} OFFSET 0 ROWS FETCH NEXT {rows} ROWS ONLY";

    public override DbConnectionStringBuilder Translate(JdbcUrl url, string baseDirectory, List<string> notes)
    {
        var host = url.Hosts.Count == 0
            ? new JdbcHost(
                url["servername"] ?? url["server"] ?? "localhost",
                int.TryParse(url["port"] ?? url["portnumber"], out var named) ? named : null)
            : url.Hosts[0];
        var instance = url["instancename"] is { } name ? $@"\{name}" : "";
        var builder = new SqlConnectionStringBuilder
        {
            DataSource = $"tcp:{host.Name}{instance}{(host.Port is { } port ? $",{port}" : "")}",
        };
        new JdbcParameters(url, builder, notes)
            .Copy("user", "User ID")
            .Copy("username", "User ID")
            .Copy("password", "Password")
            .Copy("databasename", "Initial Catalog")
            .Copy("database", "Initial Catalog")
            .Map("encrypt", "Encrypt", Encryption)
            .Flag("trustservercertificate", "TrustServerCertificate", true, false)
            .Copy("hostnameincertificate", "HostNameInCertificate")
            .Seconds("logintimeout", "Connect Timeout")
            .Milliseconds("sockettimeout", "Command Timeout")
            .Copy("applicationintent", "ApplicationIntent")
            .Copy("applicationname", "Application Name")
            .Flag("multisubnetfailover", "MultiSubnetFailover", true, false)
            .Flag("integratedsecurity", "Integrated Security", true, false)
            .Copy("authentication", "Authentication")
            .Ignore("servername", "server", "port", "portnumber", "instancename")
            .Ignore("selectmethod", "sendstringparametersasunicode", "responsebuffering", "querytimeout")
            .Rest();
        return builder;
    }

    public override FaultKind KindOf(DbException failure) => failure is RefusedRowException
        ? FaultKind.Data
        : (failure as SqlException)?.Number switch
        {
            18456 or 18452 => FaultKind.Login,
            4060 or 911 => FaultKind.NoDatabase,
            -2 => FaultKind.TimedOut,
            102 or 105 or 156 or 207 or 208 or 209 or 229 or 230 or 1033 or 8120 or 8156 => FaultKind.Query,
            515 or 547 or 2601 or 2627 or 2628 or 8115 or 8152 or 245 or 241 or 242 => FaultKind.Data,
            2 or 53 or 40 or 258 or 10060 or 10061 or 11001 or 0 => FaultKind.Unreachable,
            _ => FaultKind.Passing,
        };

    public override async ValueTask<bool?> IsIndexedAsync(DbConnection connection, string table, string column, CancellationToken ct)
    {
        var count = await connection.ScalarAsync(
            "SELECT COUNT(*) FROM sys.index_columns i JOIN sys.columns c ON c.object_id = i.object_id AND c.column_id = i.column_id "
                + $"WHERE i.key_ordinal = 1 AND i.object_id = OBJECT_ID({PostgreSqlDialect.Text(QuoteTable(table))}) AND c.name = "
                + $"{PostgreSqlDialect.Text(column)}",
            ct).ConfigureAwait(false);
        return (int)count! > 0;
    }

    private static string Encryption(string value) =>
        value.Equals("strict", StringComparison.OrdinalIgnoreCase) ? "Strict" : JdbcParameters.IsTrue(value) ? "True" : "False";
}
