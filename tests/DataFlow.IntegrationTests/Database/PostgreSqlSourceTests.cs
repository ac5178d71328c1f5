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
    [Trait("claim", "OPS-09")]
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
        const string Sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dataflow' AND datname = current_database() AND state";
        Assert.Equal(["0"], await _database.RowsAsync($"{Sessions} <> 'idle'"));

        // Its connections are pooled: they are kept, and a few served all polls.
        Assert.InRange(int.Parse((await _database.RowsAsync($"{Sessions} = 'idle'"))[0], System.Globalization.CultureInfo.InvariantCulture), 1, 4);
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
    public async Task A_column_that_changes_its_type_in_the_middle_of_a_query_changes_for_the_next_one()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT n, n FROM generate_series(1, 100000) n");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            _database, ("query", "SELECT * FROM t WHERE id > ?"), ("incremental-column", "id"), ("incremental-type", "id"), ("key", "id")));
        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);
        await Eventually.Is(() => run.IsCompleted || bench.Count > 0);

        await _database.ExecuteAsync("ALTER TABLE t ALTER v TYPE text USING 'was ' || v; INSERT INTO t VALUES (100001, 'text')");
        await Eventually.Is(() => run.IsCompleted || bench.Count > 100000);
        await stop.CancelAsync();

        Assert.Null((await run).Error);
        Assert.Equal(
            Enumerable.Range(1, 100000).Select(id => $"{id}").Append("text"), bench.Records.OrderBy(record => record.GetInt64("id")).Select(record => record["v"]));
    }

    [Fact]
    public async Task A_key_that_changes_its_kind_in_the_middle_of_a_full_load_is_refused()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1000)");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(_database, ("query", "SELECT * FROM t"), ("key", "id")));
        Assert.NotNull((await bench.RunAsync(new FaultSchedule().At(FaultStep.SinkWrite, 5, Fault.Throw))).Error);
        Assert.Equal(400, bench.Count);

        await _database.ExecuteAsync("ALTER TABLE t ALTER id TYPE text");

        Assert.Contains("has changed its type in the middle of a full load", (await bench.FailureAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("double precision", "n / 3.0")]
    [InlineData("real", "n / 3.0")]
    [InlineData("bytea", "decode(md5(n::text), 'hex')")]
    [InlineData("time", "'00:00:00'::time + n * interval '0.25 second'")]
    [InlineData("numeric(38,20)", "n / 3.0")]
    [InlineData("inet", "'10.0.0.0'::inet + n")]
    [InlineData("date", "'5874000-01-01'::date + n")]
    public async Task A_full_load_goes_on_behind_a_key_of_any_type(string type, string value)
    {
        await _database.ExecuteAsync($"CREATE TABLE t (k {type} PRIMARY KEY, id int); INSERT INTO t SELECT {value}, n FROM generate_series(1, 500) n");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(_database, ("query", "SELECT * FROM t"), ("key", "k")));
        Assert.NotNull((await bench.RunAsync(new FaultSchedule().At(FaultStep.SinkWrite, 3, Fault.Throw))).Error);

        if (type == "date")
        {
            // Nothing is left out silently: a key that can't be counted is said.
            Assert.Contains("has no usable value in its key", (await bench.FailureAsync()).Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(200, bench.Count);
        await bench.ReadAsync();
        Assert.Equal(Enumerable.Range(1, 500).Select(id => (long)id), bench.Records.Select(record => record.GetInt64("id")).Order());
    }

    [Fact]
    public async Task The_hour_that_comes_twice_is_two_hours_for_instants_and_needs_a_lag_for_local_times()
    {
        await _database.ExecuteAsync(
            $"""
            ALTER DATABASE {_database.Name} SET timezone = 'America/New_York'; SET timezone = 'America/New_York';
            CREATE TABLE t (id int PRIMARY KEY, instant timestamptz NOT NULL, local timestamp NOT NULL);
            INSERT INTO t VALUES (1, '2024-11-03 01:30:00 EDT', '2024-11-03 01:30:00'), (2, '2024-11-03 01:59:00 EDT', '2024-11-03 01:59:00')
            """);
        using var instants = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            _database, ("query", "SELECT * FROM t WHERE instant > ?"), ("incremental-column", "instant"), ("start-time", "2024-11-03 05:00:00"), ("key", "id")));
        using var locals = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            _database, ("query", "SELECT * FROM t WHERE local > ?"), ("incremental-column", "local"), ("key", "id"), ("safety-lag", "2h")));
        Assert.Equal(["2024-11-03 05:30:00.0", "2024-11-03 05:59:00.0"], (await instants.ReadAsync()).Select(record => record["instant"]));
        Assert.Equal(["2024-11-03 01:30:00.0", "2024-11-03 01:59:00.0"], (await locals.ReadAsync()).Select(record => record["local"]));

        // An hour later by the sun, the same time by the clock on the wall.
        await _database.ExecuteAsync("SET timezone = 'America/New_York'; INSERT INTO t VALUES (3, '2024-11-03 01:30:00 EST', '2024-11-03 01:30:00'), (4, '2024-11-03 01:45:00 EST', '2024-11-03 01:45:00')");

        Assert.Equal(["2024-11-03 06:30:00.0", "2024-11-03 06:45:00.0"], (await instants.ReadAsync()).Select(record => record["instant"]));
        Assert.Equal(["3", "4"], (await locals.ReadAsync()).Select(record => record.Id));
        Assert.Empty(await instants.ReadAsync());
        Assert.Empty(await locals.ReadAsync());
    }

    [Theory]
    [InlineData(400)]
    [InlineData(-400)]
    public async Task A_clock_of_ours_that_is_wrong_makes_nothing_final_too_early_and_starts_nothing_too_late(int days)
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL); INSERT INTO t VALUES (1, now())");
        using var bench = new DatabaseBench(
            await DatabaseBench.PostgreSqlAsync(
                _database, ("query", "SELECT * FROM t WHERE at > ?"), ("incremental-column", "at"), ("key", "id"), ("safety-lag", "1h")),
            new WrongClock(TimeSpan.FromDays(days)));
        Assert.Equal(["1"], (await bench.ReadAsync()).Select(record => record.Id));
        Assert.Empty(await bench.ReadAsync());

        await _database.ExecuteAsync("INSERT INTO t VALUES (2, now() - interval '10 minutes')");

        Assert.Equal(["2"], (await bench.ReadAsync()).Select(record => record.Id));
        Assert.Empty(await bench.ReadAsync());
    }

    [Theory]
    [InlineData("id", "nowhere")]
    [InlineData("", "nowhere")]
    public async Task A_query_that_is_refused_after_it_was_described_holds_no_transaction(string column, string key)
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY)");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            _database, ("query", column.Length > 0 ? "SELECT * FROM t WHERE id > ?" : "SELECT * FROM t"), ("incremental-column", column),
            ("incremental-type", "id"), ("key", key)));

        Assert.Contains("The column 'nowhere' of the option key is not among the columns", (await bench.FailureAsync()).Message, StringComparison.Ordinal);

        Assert.Equal(["0"], await _database.RowsAsync("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"));
        await _database.ExecuteAsync("SET lock_timeout = '60s'; ALTER TABLE t ADD more int");
    }

    [Fact]
    public async Task The_wrong_type_of_cursor_is_said()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, name text)");
        using var id = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(_database, ("query", "SELECT * FROM t WHERE id > ?::text::int"), ("incremental-column", "name"), ("incremental-type", "id")));
        Assert.Contains("is of type text; with incremental-type: id it must be a number", (await id.FailureAsync()).Message, StringComparison.Ordinal);
    }

    /// <summary>Runs as fast as the true one, but shows another time.</summary>
    private sealed class WrongClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;
    }
}
