using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>Values, faults and habits of PostgreSQL as a source.</summary>
public sealed class PostgreSqlSourceTests : IAsyncLifetime
{
    private PostgreSqlServer _server = null!;
    private PostgreSqlDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgreSqlServer.GetAsync();
        _database = await _server.CreateDatabaseAsync();
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    [Trait("claim", "DB-27")]
    [Trait("claim", "DB-15")]
    public async Task Every_type_becomes_text_and_nothing_is_rounded()
    {
        await _database.ExecuteAsync(
            """
            SET TIME ZONE 'Asia/Tokyo';
            CREATE TYPE mood AS ENUM ('ok');
            CREATE TABLE v (n int, name text, value text);
            CREATE TABLE t (
              a numeric, b numeric(38,10), c timestamp, d timestamptz, e date, f time, g interval, h int[], i bytea, j json, k jsonb, l uuid, m mood,
              o real, p double precision, q bigint, r bit(3), s inet, u char(5), x text[], y timestamptz, z timestamp);
            INSERT INTO t VALUES (
              'NaN', 1234567890123456789012345678.0123456789, 'infinity', '2024-01-01 10:00+02', '2024-02-29', '10:00:00.25', '1 day 02:03:04', '{1,NULL,3}', '\x00ff',
              '{"a": 1}', '{"a":  1}', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'ok', 'NaN', '-Infinity', 9223372036854775807, '101', '10.0.0.1/8', 'ab', '{"a,b"}', '-infinity', '0044-03-15 12:00:00 BC');
            INSERT INTO t DEFAULT VALUES;
            """);
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(_database, ("query", "SELECT * FROM t")));

        var records = await bench.ReadAsync();

        Assert.Equal(
            [
                "NaN", "1234567890123456789012345678.0123456789", "infinity", "2024-01-01 08:00:00.0", "2024-02-29", "10:00:00.25", "1 day 02:03:04", "{1,NULL,3}",
                "\\x00ff", "{\"a\": 1}", "{\"a\": 1}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ok", "NaN", "-Infinity", "9223372036854775807", "101", "10.0.0.1/8",
                "ab   ", "{\"a,b\"}", "-infinity", "0044-03-15 12:00:00.0 BC",
            ],
            records[0].Data.Values);
        Assert.All(records[1].Data.Keys, name => Assert.True(records[1].IsNull(name)));
    }

    [Fact]
    public async Task Small_numbers_keep_every_digit()
    {
        await _database.ExecuteAsync("CREATE TABLE t AS SELECT unnest(ARRAY[0, 1e-7, -0.5, 10000, 99990000.00010000, 1e20]::numeric[]) AS n");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(_database, ("query", "SELECT n FROM t")));

        Assert.Equal(await _database.RowsAsync("SELECT n FROM t"), (await bench.ReadAsync()).Select(record => record["n"]));
    }

    [Theory]
    [Trait("claim", "DB-05")]
    [InlineData("password", "refused the login")]
    [InlineData("database", "can't be opened")]
    public async Task Wrong_login_and_wrong_database_are_for_the_user_to_mend(string wrong, string said)
    {
        var url = wrong == "database" ? _database.JdbcUrl + "x" : _database.JdbcUrl;
        using var bench = new DatabaseBench(DatabaseBench.Of(url, _server.User, wrong == "password" ? "not-Th1s" : PostgreSqlServer.Password, ("query", "SELECT 1")));

        var failure = await bench.FailureAsync();

        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.User, failure.Owner);
        Assert.DoesNotContain("not-Th1s", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, bench.Metrics["dataflow.source.connection.errors"]);
    }

    [Fact]
    [Trait("claim", "DB-34")]
    [Trait("claim", "OPS-08")]
    public async Task A_server_that_does_not_answer_is_a_connection_timeout()
    {
        await using var proxy = new TcpFaultProxy(_server.Port);
        proxy.Freeze();
        using var bench = new DatabaseBench(DatabaseBench.Of(
            $"jdbc:postgresql://127.0.0.1:{proxy.Port}/{_database.Name}?connectTimeout=1", _server.User, PostgreSqlServer.Password, ("query", "SELECT 1")));

        var failure = await bench.FailureAsync();

        Assert.StartsWith("Connection timeout: jdbc:postgresql://127.0.0.1:", failure.Message);
        Assert.Contains("firewall", failure.Message, StringComparison.Ordinal);
        Assert.Contains("(connectTimeout, loginTimeout)", failure.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.External, failure.Owner);
    }

    [Fact]
    [Trait("claim", "DB-35")]
    public async Task A_query_that_takes_too_long_is_told_what_helps()
    {
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(_database, ("query", "SELECT pg_sleep(600)"), ("query-timeout", "1s")));

        var failure = await bench.FailureAsync();

        Assert.StartsWith("Slow query performance: ", failure.Message);
        Assert.Contains("EXPLAIN", failure.Message, StringComparison.Ordinal);
        Assert.Contains("fetch-size", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "DB-32")]
    public async Task An_error_in_the_query_is_shown_at_its_place_and_counted()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int)");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(_database, ("query", "SELECT id,\n  nme\nFROM t")));

        var failure = await bench.FailureAsync();

        Assert.Contains("column \"nme\" does not exist.\n  line 2:   nme\n            ^", failure.Message, StringComparison.Ordinal);
        Assert.Equal(1, bench.Metrics["dataflow.source.query.errors"]);
    }

    [Fact]
    [Trait("claim", "DB-29")]
    [Trait("claim", "DB-30")]
    [Trait("claim", "DB-31")]
    public async Task Query_time_rows_and_watermark_are_measured()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 42)");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            _database, ("query", "SELECT id FROM t WHERE id > ?"), ("incremental-column", "id"), ("incremental-type", "id")));
        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);

        await Eventually.Is(() => run.IsCompleted || bench.Records.Count == 42);
        bench.Metrics.Observe();
        Assert.Equal(42, bench.Metrics["dataflow.source.watermark"]);
        await stop.CancelAsync();
        await run;

        Assert.True(bench.Metrics["dataflow.source.rows.fetched"] >= 42);
        Assert.True(bench.Metrics["dataflow.source.query.duration"] > 0);
    }

    [Fact]
    [Trait("claim", "DB-14")]
    [Trait("claim", "DB-28")]
    public async Task It_polls_until_it_is_stopped_and_leaves_no_query_behind()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY)");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            _database, ("query", "SELECT id FROM t WHERE id > ?"), ("incremental-column", "id"), ("incremental-type", "id")));
        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);
        for (var id = 1; id <= 3; id++)
        {
            await _database.ExecuteAsync($"INSERT INTO t VALUES ({id})");
            await Eventually.Is(() => run.IsCompleted || bench.Records.Count == id);
        }

        await stop.CancelAsync();
        Assert.Null((await run).Error);
        Assert.Equal(["1", "2", "3"], bench.Records.Select(record => record.Id));
        Assert.Equal(["0"], await _database.RowsAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dataflow' AND datname = current_database() AND state <> 'idle'"));
    }

    [Fact]
    [Trait("claim", "DB-37")]
    public async Task A_user_who_may_only_read_is_enough()
    {
        var reader = $"reader_{_database.Name}";
        await _database.ExecuteAsync(
            $"""
            CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL); INSERT INTO t VALUES (1, now());
            CREATE ROLE {reader} LOGIN PASSWORD '{PostgreSqlServer.Password}'; GRANT SELECT ON t TO {reader}; ALTER ROLE {reader} SET default_transaction_read_only = on;
            """);
        using var bench = new DatabaseBench(DatabaseBench.Of(
            _database.JdbcUrl, reader, PostgreSqlServer.Password, ("query", "SELECT * FROM t WHERE at > ?"), ("incremental-column", "at"), ("key", "id")));

        Assert.Equal(["1"], (await bench.ReadAsync()).Select(record => record.Id));
        await _database.ExecuteAsync("INSERT INTO t VALUES (2, now())");
        Assert.Equal(["2"], (await bench.ReadAsync()).Select(record => record.Id));
        Npgsql.NpgsqlConnection.ClearAllPools();
        await _database.ExecuteAsync($"DROP OWNED BY {reader}; DROP ROLE {reader}");
    }

    [Fact]
    [Trait("claim", "DB-08")]
    [Trait("claim", "DB-15")]
    public async Task A_stop_cancels_a_query_of_millions_of_rows()
    {
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(_database, ("query", "SELECT a.n, b.n AS m FROM generate_series(1, 100000) a(n), generate_series(1, 100000) b(n)"), ("fetch-size", "10")));
        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);
        await Eventually.Is(() => run.IsCompleted || bench.Records.Count > 1000);

        await stop.CancelAsync();

        Assert.Null((await run).Error);
        Assert.Equal(["0"], await _database.RowsAsync("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dataflow' AND datname = current_database() AND state = 'active'"));
    }

    [Fact]
    public async Task A_column_may_change_its_type_between_two_polls()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 5)");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            _database, ("query", "SELECT * FROM t WHERE id > ?"), ("incremental-column", "id"), ("incremental-type", "id"), ("key", "id")));
        Assert.Equal(["5"], (await bench.ReadAsync()).Select(record => record["v"]));

        await _database.ExecuteAsync("ALTER TABLE t ALTER id TYPE bigint, ALTER v TYPE text USING 'was ' || v; INSERT INTO t VALUES (2, 'text')");

        Assert.Equal(["text"], (await bench.ReadAsync()).Select(record => record["v"]));
    }

    [Fact]
    public async Task The_wrong_type_of_cursor_is_said()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, name text)");
        using var id = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(_database, ("query", "SELECT * FROM t WHERE id > ?::text::int"), ("incremental-column", "name"), ("incremental-type", "id")));
        Assert.Contains("is of type text; with incremental-type: id it must be a number", (await id.FailureAsync()).Message, StringComparison.Ordinal);
    }
}
