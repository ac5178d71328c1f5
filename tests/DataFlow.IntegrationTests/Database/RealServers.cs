using DataFlow.Conformance;
using Microsoft.Data.SqlClient;
using Testcontainers.MsSql;
using Testcontainers.MySql;

namespace DataFlow.IntegrationTests.Database;

/// <summary>
/// MySQL 8 and SQL Server, which no package of Debian installs: those that <c>DATAFLOW_TEST_MYSQL8</c> and
/// <c>DATAFLOW_TEST_SQLSERVER</c> name, as ADO.NET connection strings of an administrator, or containers where Docker is there. One of
/// each for all tests of the process.
/// </summary>
internal static class RealServers
{
    private const string MySqlVariable = "DATAFLOW_TEST_MYSQL8";
    private const string MySqlImage = "mysql:8.4";
    private const string SqlServerVariable = "DATAFLOW_TEST_SQLSERVER";
    private const string SqlServerImage = "mcr.microsoft.com/mssql/server:2022-latest";

    private static readonly Lazy<Task<(string? Address, string WhyNot)>> MySql = new(() => FindAsync(MySqlVariable, MySqlImage, async () =>
    {
        var container = new MySqlBuilder(MySqlImage).WithUsername("root").WithPassword(MariaDbServer.Password).WithCommand("--local-infile=1").Build();
        await container.StartAsync();
        return container.GetConnectionString();
    }));

    private static readonly Lazy<Task<(string? Address, string WhyNot)>> SqlServer = new(() => FindAsync(SqlServerVariable, SqlServerImage, async () =>
    {
        var container = new MsSqlBuilder(SqlServerImage).WithPassword("ms-S3cret!x").Build();
        await container.StartAsync();
        return container.GetConnectionString();
    }));

    /// <summary>MySQL 8; without one the test is skipped, and says why.</summary>
    public static async Task<MariaDbServer> MySqlAsync() => MariaDbServer.At(await RequireAsync(MySql));

    /// <summary>SQL Server; without one the test is skipped, and says why.</summary>
    public static async Task<SqlConnectionStringBuilder> SqlServerAsync() =>
        new(await RequireAsync(SqlServer)) { Pooling = false, TrustServerCertificate = true };

    private static async Task<string> RequireAsync(Lazy<Task<(string? Address, string WhyNot)>> server)
    {
        var (address, whyNot) = await server.Value;
        Assert.SkipWhen(address is null, whyNot);
        return address!;
    }

    private static async Task<(string? Address, string WhyNot)> FindAsync(string variable, string image, Func<Task<string>> start)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } address)
        {
            return (address, "");
        }

        try
        {
            return (await start(), "");
        }
        catch (Exception exception)
        {
            return (null, $"Name a server by {variable}, or let Docker run {image}: {exception.Message.Split('\n')[0]}");
        }
    }
}
