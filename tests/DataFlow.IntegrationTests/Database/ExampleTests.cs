using System.Runtime.CompilerServices;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>The pipelines of <c>examples/database</c>, run against a server.</summary>
public sealed class ExampleTests
{
    [Theory]
    [InlineData("copy.yaml")]
    [InlineData("changes.yaml")]
    public async Task An_example_keeps_the_other_table_up_to_date(string file)
    {
        var server = await PostgreSqlServer.GetAsync();
        await using var orders = await server.CreateDatabaseAsync();
        await using var reports = await server.CreateDatabaseAsync();
        await orders.ExecuteAsync(
            """
            CREATE TABLE orders (id int PRIMARY KEY, customer_id int, product_id int, amount numeric(12,2), status text, updated_at timestamptz NOT NULL);
            INSERT INTO orders SELECT n, n % 7, n % 3, n / 2.0, 'new', '2024-01-01'::timestamptz + n * interval '1 second' FROM generate_series(1, 500) n
            """);
        using var folder = new TemporaryFolder();
        var yaml = await File.ReadAllTextAsync(Path.Combine(Root(), "examples", "database", file));
        folder.Write("example.yaml", yaml
            .Replace("jdbc:postgresql://localhost:5432/orders_db", orders.JdbcUrl, StringComparison.Ordinal)
            .Replace("jdbc:postgresql://localhost:5432/reports_db", reports.JdbcUrl, StringComparison.Ordinal)
            .Replace("name: orders-", $"name: {orders.Name}-", StringComparison.Ordinal));
        var environment = new Dictionary<string, string> { ["DB_USER"] = server.User, ["DB_PASS"] = PostgreSqlServer.Password };

        (await Cli.RunAsync(folder.Path, ["run", "example.yaml", "--until", "caught-up"], environment)).Succeeded();
        await orders.ExecuteAsync("UPDATE orders SET status = 'paid', updated_at = now() WHERE id <= 10; INSERT INTO orders VALUES (501, 1, 1, 1000.50, 'new', now())");
        (await Cli.RunAsync(folder.Path, ["run", "example.yaml", "--until", "caught-up"], environment)).Succeeded();

        const string All = "SELECT id, customer_id, product_id, amount, status, extract(epoch FROM updated_at) FROM orders ORDER BY id";
        Assert.Equal(await orders.RowsAsync(All), await reports.RowsAsync(All));
    }

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
