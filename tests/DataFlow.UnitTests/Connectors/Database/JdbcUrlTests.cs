using DataFlow.Connectors;
using Microsoft.Data.SqlClient;
using MySqlConnector;
using Npgsql;

namespace DataFlow.UnitTests.Connectors.Database;

public sealed class JdbcUrlTests
{
    private static readonly DatabaseLogin Nobody = new("", "", "", "drivers");

    [Theory]
    [InlineData("jdbc:postgresql://db.example.com:5433/orders", "Host=db.example.com;Port=5433;Database=orders")]
    [InlineData("jdbc:postgresql:orders", "Host=localhost;Database=orders")]
    [InlineData("jdbc:postgresql://db/orders?user=a&password=b%26c&sslmode=verify-full", "Host=db;Database=orders;Username=a;Password=b&c;SSL Mode=VerifyFull")]
    [InlineData("jdbc:postgresql://h1:1,h2:2/orders?targetServerType=secondary", "Host=h1:1,h2:2;Database=orders;Target Session Attributes=standby")]
    [InlineData("jdbc:postgresql://db/orders?connectTimeout=7&socketTimeout=70&currentSchema=sales", "Host=db;Database=orders;Timeout=7;Command Timeout=70;Search Path=sales")]
    public void PostgreSQL_parameters_keep_their_meaning(string url, string expected)
    {
        var actual = new NpgsqlConnectionStringBuilder(DatabaseAddress.Of(url, Nobody, "/").ConnectionString);

        AssertHolds(expected, key => actual.TryGetValue(key, out var value) ? value : null);
    }

    [Theory]
    [InlineData("jdbc:mysql://db:3307/shop", "Server=db;Port=3307;Database=shop")]
    [InlineData("jdbc:mariadb://db/shop?useSSL=false&connectTimeout=2500", "Server=db;Database=shop;SSL Mode=None;Connection Timeout=3")]
    [InlineData("jdbc:mysql:loadbalance://a,b/shop?sslMode=VERIFY_IDENTITY", "Server=a,b;Database=shop;SSL Mode=VerifyFull")]
    public void MySQL_parameters_keep_their_meaning(string url, string expected)
    {
        var actual = new MySqlConnectionStringBuilder(DatabaseAddress.Of(url, Nobody, "/").ConnectionString);

        AssertHolds(expected, key => actual.TryGetValue(key, out var value) ? value : null);
        Assert.False(actual.AllowLoadLocalInfile, "A server that isn't to be trusted could ask for any file.");
    }

    [Theory]
    [InlineData("jdbc:sqlserver://db:1433;databaseName=mydb", "Data Source=tcp:db,1433;Initial Catalog=mydb")]
    [InlineData(@"jdbc:sqlserver://db\inst:1433;database=d;user=u;password={a;b}}c};encrypt=strict;loginTimeout=9", @"Data Source=tcp:db\inst,1433;Initial Catalog=d;User ID=u;Password=""a;b}c"";Encrypt=Strict;Connect Timeout=9")]
    [InlineData("jdbc:sqlserver://db;databaseName=d;trustServerCertificate=true;applicationIntent=ReadOnly", "Data Source=tcp:db;Initial Catalog=d;Trust Server Certificate=True;Application Intent=ReadOnly")]
    public void SQL_Server_parameters_keep_their_meaning(string url, string expected)
    {
        var address = DatabaseAddress.Of(url, Nobody with { Driver = "com.microsoft.sqlserver.jdbc.SQLServerDriver" }, "/");
        var actual = new SqlConnectionStringBuilder(address.ConnectionString);

        AssertHolds(expected, key => actual.TryGetValue(key, out var value) ? value : null);
        Assert.Equal("SQL Server", address.Dialect.Name);
    }

    [Theory]
    [InlineData("thin:@host:1521:sid", "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=host)(PORT=1521))(CONNECT_DATA=(SID=sid)))", null)]
    [InlineData("thin:@//host:1521/service", "//host:1521/service", null)]
    [InlineData("thin:scott/tiger@host:1521/service", "//host:1521/service", "tiger")]
    [InlineData("thin:@(DESCRIPTION=(X=1))", "(DESCRIPTION=(X=1))", null)]
    [InlineData("thin:@tns_name", "tns_name", null)]
    public void Oracle_places_keep_their_meaning(string rest, string source, string? password)
    {
        var parts = OracleDialect.Parts(rest);

        Assert.Equal(source, parts["Data Source"]);
        Assert.Equal(password, parts.GetValueOrDefault("Password"));
    }

    [Theory]
    [InlineData("jdbc:sqlite:data/users.db", "Data Source=/base/data/users.db")]
    [InlineData("jdbc:sqlite::memory:", "Data Source=:memory:")]
    [InlineData("jdbc:sqlite:file:/x/y.db?mode=ro", "Data Source=/x/y.db;Mode=ReadOnly")]
    public void SQLite_paths_start_at_the_base_folder(string url, string expected)
    {
        var actual = new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(DatabaseAddress.Of(url, Nobody, "/base").ConnectionString);

        AssertHolds(expected, key => actual.TryGetValue(key, out var value) ? value : null);
    }

    [Fact]
    [Trait("claim", "DB-05")]
    public void Options_win_over_the_login_in_the_connection_and_nobody_prints_it()
    {
        var address = DatabaseAddress.Of(
            "jdbc:postgresql://old:s3cr3t@db/orders?user=older&password=t0ps3cret", Nobody with { Username = "new", Password = "n3w-pass" }, "/");

        var builder = new NpgsqlConnectionStringBuilder(address.ConnectionString);
        Assert.Equal(("new", "n3w-pass"), (builder.Username, builder.Password));
        Assert.Equal("jdbc:postgresql://old:***@db/orders?user=older&password=***", address.Display);
    }

    [Theory]
    [Trait("claim", "DB-06")]
    [InlineData("org.postgresql.Driver", "PostgreSQL")]
    [InlineData("com.mysql.cj.jdbc.Driver", "MySQL")]
    [InlineData("org.mariadb.jdbc.Driver", "MySQL")]
    [InlineData("com.microsoft.sqlserver.jdbc.SQLServerDriver", "SQL Server")]
    [InlineData("org.sqlite.JDBC", "SQLite")]
    [InlineData("oracle.jdbc.OracleDriver", "Oracle")]
    public void A_driver_class_selects_the_database(string driver, string name) => Assert.Equal(name, Dialects.ByDriver(driver, "/none").Name);

    [Theory]
    [InlineData("Host=db;Database=d", "PostgreSQL")]
    [InlineData("Server=db;Port=3306;Uid=u", "MySQL")]
    [InlineData("Server=db;Initial Catalog=d;Encrypt=true", "SQL Server")]
    [InlineData("Data Source=x.db", "SQLite")]
    public void Connection_strings_of_the_providers_work_too(string connection, string name) =>
        Assert.Equal(name, DatabaseAddress.Of(connection, Nobody, "/").Dialect.Name);

    [Fact]
    [Trait("claim", "DB-33")]
    [Trait("claim", "OPS-08")]
    public void An_unknown_driver_is_told_which_names_are_known()
    {
        var error = Assert.Throws<ConnectorException>(() => DatabaseAddress.Of("jdbc:postgresql://db/d", Nobody with { Driver = "org.postgres.Driver" }, "/"));

        Assert.StartsWith("Failed to load JDBC driver: 'org.postgres.Driver' is not known. Known are org.postgresql.Driver, com.mysql.cj.jdbc.Driver", error.Message);
    }

    [Fact]
    [Trait("claim", "DB-33")]
    public void A_driver_that_is_not_built_in_is_told_which_package_to_put_where()
    {
        var error = Assert.Throws<ConnectorException>(() => DatabaseAddress.Of("jdbc:oracle:thin:@host:1521:sid", Nobody, "/base"));

        Assert.StartsWith("Failed to load JDBC driver: the .NET package Oracle.ManagedDataAccess.Core is not in the plugin folder.", error.Message);
        Assert.Contains("/base/drivers/Oracle.ManagedDataAccess.Core", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("jdbc:postgresql://db:port/d", "the port is 'port'")]
    [InlineData("jdbc:db2://host/d", "'db2', which is not known")]
    [InlineData("jdbc:nonsense", "is no JDBC URL")]
    [InlineData("just text", "It can't be told which database")]
    [InlineData("jdbc:postgresql://db/d?connectTimeout=soon", "must be a whole number")]
    public void What_can_not_be_read_is_said(string connection, string said) =>
        Assert.Contains(said, Assert.Throws<ConnectorException>(() => DatabaseAddress.Of(connection, Nobody, "/")).Message, StringComparison.Ordinal);

    [Fact]
    public void Parameters_without_effect_are_noted() =>
        Assert.Equal(
            ["The parameter preparethreshold of the connection has no effect here.", "The parameter typo of the connection is not known and has no effect."],
            DatabaseAddress.Of("jdbc:postgresql://db/d?prepareThreshold=5&typo=1", Nobody, "/").Notes);

    private static void AssertHolds(string expected, Func<string, object?> valueOf)
    {
        var pairs = new System.Data.Common.DbConnectionStringBuilder { ConnectionString = expected };
        foreach (string key in pairs.Keys)
        {
            Assert.Equal(((string)pairs[key]).ToUpperInvariant(), Convert.ToString(valueOf(key))?.ToUpperInvariant());
        }
    }

    [Theory]
    [InlineData("ORA-00001: unique constraint (APP.PK) violated", FaultKind.Data)]
    [InlineData("ORA-01400: cannot insert NULL into (\"APP\".\"T\".\"NAME\")", FaultKind.Data)]
    [InlineData("ORA-01843: not a valid month", FaultKind.Data)]
    [InlineData("ORA-12899: value too large for column", FaultKind.Data)]
    [InlineData("ORA-00942: table or view does not exist", FaultKind.Query)]
    [InlineData("ORA-01017: invalid username/password; logon denied", FaultKind.Login)]
    [InlineData("ORA-00060: deadlock detected while waiting for resource", FaultKind.Passing)]
    [InlineData("Something else went wrong", FaultKind.Untold)]
    internal void A_failure_of_Oracle_is_known_by_its_number(string said, FaultKind kind) =>
        Assert.Equal(kind, new OracleDialect("drivers").KindOf(new Failure(said)));

    private sealed class Failure(string message) : System.Data.Common.DbException(message);
}
