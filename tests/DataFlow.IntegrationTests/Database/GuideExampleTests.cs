using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>The database examples of the guide, as they are written there, against real servers.</summary>
public sealed class GuideExampleTests
{
    [Fact]
    [Trait("claim", "DB-01")]
    [Trait("claim", "DB-16")]
    [Trait("claim", "DB-26")]
    public async Task The_basic_example_reads_all_users_again_at_each_poll()
    {
        await using var database = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ann'), (2, 'Ben')");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            database, ("driver", "org.postgresql.Driver"), ("query", "SELECT * FROM users"), ("fetch-size", "1000")));

        var first = await bench.ReadAsync();
        var second = await bench.ReadAsync();

        Assert.Equal(["1", "2"], first.Select(record => record.Id));
        Assert.Equal(["1", "2"], second.Select(record => record.Id));
        Assert.Equal("Ann", first[0].Data["name"]);
        Assert.Equal(database.JdbcUrl, first[0].Metadata["jdbc_url"]);
        Assert.Equal("database", first[0].Metadata["source"]);
        Assert.Equal("sql", first[0].Metadata["format"]);
        Assert.StartsWith("database-source-", first[0].Metadata["source_id"]);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", first[0].Metadata["timestamp"]);
    }

    [Fact]
    [Trait("claim", "DB-17")]
    [Trait("claim", "DB-13")]
    public async Task The_orders_example_reads_what_is_new_by_timestamp()
    {
        await using var database = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        await database.ExecuteAsync(
            """
            CREATE TABLE orders (id int PRIMARY KEY, customer_id int, product_id int, amount numeric(12,2), status text, created_at timestamp NOT NULL);
            CREATE INDEX ON orders (created_at);
            INSERT INTO orders VALUES (1, 7, 9, 12.50, 'new', '2023-12-31 23:59:59'), (3, 7, 9, 1, 'new', '2024-01-02 10:00:00'), (2, 7, 9, 1000.50, 'new', '2024-01-01 10:00:00');
            """);
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            database,
            ("driver", "org.postgresql.Driver"),
            ("query",
                """

                SELECT id, customer_id, product_id, amount, status, created_at
                FROM orders
                WHERE created_at > ?
                ORDER BY created_at ASC

                """),
            ("incremental-column", "created_at"),
            ("incremental-type", "timestamp"),
            ("start-time", "2024-01-01 00:00:00"),
            ("fetch-size", "2000")));

        Assert.Equal(["2", "3"], (await bench.ReadAsync()).Select(record => record.Id));
        Assert.Empty(await bench.ReadAsync());
        await database.ExecuteAsync("INSERT INTO orders VALUES (4, 7, 9, 2, 'new', '2024-01-02 10:00:00'), (5, 7, 9, 2, 'new', '2024-01-03 10:00:00')");
        Assert.Equal(["4", "5"], (await bench.ReadAsync()).Select(record => record.Id).Order());
        Assert.Empty(await bench.ReadAsync());
        Assert.DoesNotContain(bench.Log, line => line.Contains("Slow query performance", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("claim", "DB-02")]
    [Trait("claim", "DB-18")]
    [Trait("claim", "DB-20")]
    public async Task The_join_example_finds_its_column_by_the_name_in_the_table()
    {
        await using var database = await (await MariaDbServer.GetAsync()).CreateDatabaseAsync();
        await database.ExecuteAsync(
            """
            CREATE TABLE users (id int PRIMARY KEY, email text, name text);
            CREATE TABLE orders (order_id int PRIMARY KEY, user_id int, amount decimal(12,2), status varchar(20), created_at datetime(6) NOT NULL);
            INSERT INTO users VALUES (1, 'a@x', 'Ann'), (2, 'b@x', 'Ben');
            INSERT INTO orders VALUES (11, 1, 5, 'completed', '2024-01-01 10:00:00'), (12, 1, 6.50, 'completed', '2024-01-01 10:00:00.123456'), (13, 2, 7, 'open', '2024-01-01 11:00:00');
            """);
        using var bench = new DatabaseBench(await DatabaseBench.MariaDbAsync(
            database,
            ("driver", "com.mysql.cj.jdbc.Driver"),
            ("query",
                """

                SELECT
                  u.id, u.email, u.name,
                  o.order_id, o.amount, o.status,
                  o.created_at as order_date
                FROM users u
                JOIN orders o ON u.id = o.user_id
                WHERE o.created_at > ?
                AND o.status = 'completed'

                """),
            ("incremental-column", "created_at"),
            ("incremental-type", "timestamp"),
            ("fetch-size", "1000")));

        var records = await bench.ReadAsync();

        Assert.Equal(["11", "12"], records.Select(record => record.Data["order_id"]));
        Assert.Equal(["1", "1"], records.Select(record => record.Id));
        Assert.Equal("2024-01-01 10:00:00.123456", records[1].Data["order_date"]);
        Assert.NotEqual(records[0].DeliveryId, records[1].DeliveryId);
        Assert.Empty(await bench.ReadAsync());
        await database.ExecuteAsync("INSERT INTO orders VALUES (14, 2, 1, 'completed', '2024-01-01 10:00:00.123456')");
        Assert.Equal(["14"], (await bench.ReadAsync()).Select(record => record.Data["order_id"]));
    }

    [Fact]
    [Trait("claim", "DB-19")]
    public async Task The_replica_example_reads_what_is_new_by_id()
    {
        await using var database = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        await database.ExecuteAsync(
            "CREATE TABLE large_table (id bigint PRIMARY KEY, processed boolean); INSERT INTO large_table SELECT n, n % 2 = 0 FROM generate_series(1, 2000) n");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            database,
            ("driver", "org.postgresql.Driver"),
            ("query",
                """

                SELECT * FROM large_table
                WHERE id > ?
                AND processed = false

                """),
            ("incremental-column", "id"),
            ("incremental-type", "id"),
            ("start-id", "0"),
            ("fetch-size", "10000")));

        Assert.Equal(Enumerable.Range(0, 1000).Select(n => $"{(2 * n) + 1}"), (await bench.ReadAsync()).Select(record => record.Id));
        Assert.Empty(await bench.ReadAsync());
        await database.ExecuteAsync("INSERT INTO large_table VALUES (2001, false), (2002, true)");
        Assert.Equal(["2001"], (await bench.ReadAsync()).Select(record => record.Id));
    }

    [Fact]
    [Trait("claim", "DB-20")]
    [Trait("claim", "DB-21")]
    [Trait("claim", "DB-22")]
    [Trait("claim", "DB-23")]
    [Trait("claim", "DB-24")]
    [Trait("claim", "DB-25")]
    public async Task The_row_of_the_guide_becomes_the_record_of_the_guide()
    {
        await using var database = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        await database.ExecuteAsync(
            """
            CREATE TABLE users (id int, name text, age int, balance double precision, exact numeric(12,2), active boolean, created_at timestamp, gone text);
            INSERT INTO users VALUES (123, 'Alice', 30, 1000.50, 1000.50, true, '2024-01-01 10:00:00', NULL)
            """);
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(database, ("query", "SELECT * FROM users")));

        var record = Assert.Single(await bench.ReadAsync());

        Assert.Equal("123", record.Id);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["id"] = "123",
                ["name"] = "Alice",
                ["age"] = "30",
                ["balance"] = "1000.5",
                ["exact"] = "1000.50",
                ["active"] = "true",
                ["created_at"] = "2024-01-01 10:00:00.0",
                ["gone"] = "",
            },
            record.Data);
        Assert.True(record.IsNull("gone"));
    }
}
