using DataFlow.Conformance;
using DataFlow.Connectors;

namespace DataFlow.IntegrationTests.Database;

/// <summary>A MariaDB whose modes, time zone and rights are changed, and which dies: a server of these tests' own.</summary>
public sealed class MariaDbServerTests(MariaDbServerTests.OwnServer own) : IClassFixture<MariaDbServerTests.OwnServer>, IAsyncLifetime
{
    private const int Rows = 20_000;

    private MariaDbDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        await own.Server.ExecuteAsync("SET GLOBAL sql_mode = DEFAULT, GLOBAL local_infile = 1, GLOBAL time_zone = '+00:00'");
        _database = await own.Server.CreateDatabaseAsync();
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Theory]
    [InlineData("name varchar(3), amount text", "1,long,5", "2,Ben,3")]
    [InlineData("name text, amount decimal(10,2) NOT NULL", "1,Ann,", "2,Ben,3")]
    [InlineData("name text CHECK (name <> 'no'), amount text", "1,no,5", "2,Ben,3")]
    [InlineData("name text, amount tinyint", "1,Ann,300", "2,Ben,3")]
    [InlineData("name text, amount int", "1,Ann,5x", "2,Ben,3")]
    [InlineData("name text, amount bit(16)", "1,Ann,5x", "2,Ben,3")]
    [InlineData("name text, amount date", "1,Ann,2024-02-30", "2,Ben,2024-02-29")]
    public async Task What_would_have_to_be_changed_is_refused_also_where_the_server_is_lenient(string columns, string refused, string accepted)
    {
        await own.Server.ExecuteAsync("SET GLOBAL sql_mode = ''");
        await _database.ExecuteAsync($"CREATE TABLE people (id int PRIMARY KEY, {columns})");
        using var folder = Load("table: people", $"id,name,amount\n{refused}\n{accepted}\n");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(["2"], await _database.RowsAsync("SELECT id FROM people"));
        Assert.Contains("1 ", (await Cli.RunAsync(folder.Path, "dead-letters", "list", "load.yaml")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_written_to_also_where_it_allows_no_loading()
    {
        await own.Server.ExecuteAsync("SET GLOBAL local_infile = 0");
        await _database.ExecuteAsync("CREATE TABLE people (id int PRIMARY KEY, name text, amount text)");
        using var folder = Load("table: people, write: upsert, key: id", "id,name,amount\n1,Ann,1\n2,Ben,2\n1,Ann,3\n");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(["1|3", "2|2"], await _database.RowsAsync("SELECT id, amount FROM people ORDER BY id"));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("STRICT_TRANS_TABLES", true)]
    [InlineData("NO_ZERO_DATE,NO_ZERO_IN_DATE", false)]
    [InlineData("STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE", false)]
    [InlineData("TRADITIONAL", false)]
    public async Task A_zero_date_is_written_as_it_is_or_refused_as_the_mode_says_and_never_changed(string mode, bool isTaken)
    {
        await own.Server.ExecuteAsync($"SET GLOBAL sql_mode = '{mode}'");
        await _database.ExecuteAsync("CREATE TABLE people (id int PRIMARY KEY, name datetime(6), amount date)");
        using var folder = Load(
            "table: people",
            "id,name,amount\n1,2024-01-01 10:00:00,0000-00-00\n2,0000-00-00 00:00:00.0,2024-01-01\n3,2024-01-01 10:00:00,2024-00-07\n4,2024-01-01 10:00:00.5,2024-01-01\n");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(
            isTaken
                ? ["1|2024-01-01 10:00:00.000000|0000-00-00", "2|0000-00-00 00:00:00.000000|2024-01-01", "3|2024-01-01 10:00:00.000000|2024-00-07", "4|2024-01-01 10:00:00.500000|2024-01-01"]
                : ["4|2024-01-01 10:00:00.500000|2024-01-01"],
            await _database.RowsAsync("SELECT id, CAST(name AS CHAR), CAST(amount AS CHAR) FROM people ORDER BY id"));
        Assert.Equal(
            isTaken ? "load: no dead letters." : "load: 3 dead letters (3 value-does-not-fit)",
            (await Cli.RunAsync(folder.Path, "dead-letters", "list", "load.yaml")).Out.Split('\n')[0].TrimEnd());
    }

    [Theory]
    [InlineData("", new[] { "0000-00-00", "0000-00-00 00:00:00.0", "2024-00-07 10:11:12.5" })]
    [InlineData("?zeroDateTimeBehavior=convertToNull", new string?[] { null, null, null })]
    [InlineData("?zeroDateTimeBehavior=CONVERT_TO_NULL", new string?[] { null, null, null })]
    [InlineData("?zeroDateTimeBehavior=ROUND", new[] { "0000-00-00", "0000-00-00 00:00:00.0", "2024-00-07 10:11:12.5" })]
    public async Task A_zero_date_is_read_as_text_or_as_null_where_that_is_asked_for(string parameter, string?[] expected)
    {
        await own.Server.ExecuteAsync("SET GLOBAL sql_mode = ''");
        await _database.ExecuteAsync(
            """
            CREATE TABLE t (id int PRIMARY KEY, a date NOT NULL, b datetime NOT NULL, c datetime(6));
            INSERT INTO t VALUES (1, '0000-00-00', '0000-00-00', '2024-00-07 10:11:12.5'), (2, '2024-01-01', '2024-01-01 10:00:00', NULL)
            """);
        using var bench = Bench(parameter, ("query", "SELECT a, b, c FROM t ORDER BY id"));

        var records = await bench.ReadAsync();

        Assert.Equal(expected, ((string[])["a", "b", "c"]).Select(name => records[0].IsNull(name) ? null : records[0][name]));
        Assert.Equal(["2024-01-01", "2024-01-01 10:00:00.0", ""], records[1].Data.Values);
        Assert.Equal(
            parameter.Contains("ROUND", StringComparison.Ordinal),
            bench.Log.Any(line => line.Contains("a zero date is read as it is, as text", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("NO_ZERO_DATE,NO_ZERO_IN_DATE,STRICT_ALL_TABLES")]
    public async Task A_zero_date_comes_through_a_copy_from_table_to_table_or_is_a_dead_letter(string mode)
    {
        await own.Server.ExecuteAsync("SET GLOBAL sql_mode = ''");
        await _database.ExecuteAsync(
            """
            CREATE TABLE source (id int PRIMARY KEY, a date NOT NULL, b datetime NOT NULL); CREATE TABLE target LIKE source;
            INSERT INTO source VALUES (1, '0000-00-00', '2024-00-00 10:00:00'), (2, '2024-01-01', '2024-01-01 10:00:00')
            """);
        await own.Server.ExecuteAsync($"SET GLOBAL sql_mode = '{mode}'");
        using var folder = Copy("query: SELECT * FROM source, key: id");

        (await Cli.RunAsync(folder.Path, "run", "copy.yaml")).Succeeded();

        const string All = "SELECT id, CAST(a AS CHAR), CAST(b AS CHAR) FROM";
        Assert.Equal(
            (await _database.RowsAsync($"{All} source ORDER BY id")).Skip(mode.Length == 0 ? 0 : 1), await _database.RowsAsync($"{All} target ORDER BY id"));
        Assert.Equal(
            mode.Length > 0,
            (await Cli.RunAsync(folder.Path, "dead-letters", "list", "copy.yaml")).Out.Contains("0000-00-00", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Instants_are_utc_and_local_times_are_left_alone_whatever_the_time_zone_of_the_server()
    {
        await own.Server.ExecuteAsync("SET GLOBAL time_zone = '+05:30'");
        await _database.ExecuteAsync(
            """
            CREATE TABLE t (id int PRIMARY KEY, instant timestamp(6) NOT NULL DEFAULT current_timestamp(6), local datetime(6) NOT NULL);
            INSERT INTO t VALUES (1, '2024-01-01 10:00:00', '2024-01-01 10:00:00'), (2, '2024-01-01 10:00:01', '2024-01-01 10:00:01')
            """);
        var options = new[]
        {
            ("query", "SELECT * FROM t WHERE instant > ?"), ("incremental-column", "instant"), ("start-time", "2024-01-01 04:30:00"), ("key", "id"),
        };
        using var utc = Bench("", options);
        using var there = Bench("?serverTimezone=%2B05:30", options);

        var record = Assert.Single(await utc.ReadAsync());
        Assert.Equal(("2", "2024-01-01 04:30:01.0", "2024-01-01 10:00:01.0"), (record.Id, record["instant"], record["local"]));
        Assert.Equal(["2024-01-01 10:00:00.0", "2024-01-01 10:00:01.0"], (await there.ReadAsync()).Select(read => read["instant"]));
        await _database.ExecuteAsync("INSERT INTO t (id, local) VALUES (3, '2024-01-01 10:00:00')");
        Assert.Equal(["3"], (await utc.ReadAsync()).Select(read => read.Id));
        Assert.Equal(["3"], (await there.ReadAsync()).Select(read => read.Id));
        Assert.Empty(await utc.ReadAsync());
    }

    [Theory]
    [InlineData("password", "refused the login")]
    [InlineData("database", "can't be opened")]
    [InlineData("zone", "refused the settings of the session: Unknown or incorrect time zone: 'Nowhere/Land'.")]
    public async Task Wrong_login_database_and_time_zone_are_said(string wrong, string said)
    {
        var url = _database.JdbcUrl + (wrong == "database" ? "x" : wrong == "zone" ? "?serverTimezone=Nowhere/Land" : "");
        using var bench = new DatabaseBench(
            DatabaseBench.Of(url, own.Server.User, wrong == "password" ? "not-Th1s" : MariaDbServer.Password, ("query", "SELECT 1")));

        var failure = await bench.FailureAsync();

        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not-Th1s", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, bench.Metrics["dataflow.source.connection.errors"]);
    }

    [Fact]
    public async Task An_error_in_the_query_is_for_the_user_to_mend()
    {
        using var bench = Bench("", ("query", "SELECT nme FROM nowhere"));

        var failure = await bench.FailureAsync();

        Assert.Contains("can't run the query", failure.Message, StringComparison.Ordinal);
        Assert.Contains("nowhere", failure.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.User, failure.Owner);
    }

    [Theory]
    [InlineData("ALTER TABLE t MODIFY v decimal(10,2)", "2")]
    [InlineData("ALTER TABLE t MODIFY w bigint AFTER id", "2")]
    [InlineData("ALTER TABLE t RENAME COLUMN v TO w, RENAME COLUMN w TO v", "3")]
    [InlineData("ALTER TABLE t ADD u bigint AFTER id", "2")]
    [InlineData("ALTER TABLE t DROP w", "2")]
    public async Task A_table_that_is_altered_after_it_was_described_is_not_read_as_what_it_is_not(string change, string expected)
    {
        await _database.ExecuteAsync("CREATE TABLE t (id bigint PRIMARY KEY, v bigint, w bigint); INSERT INTO t VALUES (1, 2, 3)");
        var address = DatabaseAddress.Of(_database.JdbcUrl, new DatabaseLogin(own.Server.User, MariaDbServer.Password, "", "drivers"), "/");
        var query = new SqlTextBuilder().Add("SELECT * FROM t").Build();
        await using var connection = await address.OpenAsync(default);
        var shape = await QueryShape.DescribeAsync(connection, query, address, default);
        await _database.ExecuteAsync(change);

        var failure = await Assert.ThrowsAsync<ConnectorException>(() => address.Dialect.ReadAsync(connection, query, shape, new QueryLimits(1, 0), default));

        Assert.Contains("have changed since it was described", failure.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.External, failure.Owner);
        using var bench = Bench("", ("query", "SELECT * FROM t WHERE id > ?"), ("incremental-column", "id"), ("incremental-type", "id"));
        Assert.Equal(expected, Assert.Single(await bench.ReadAsync())["v"]?.Split('.')[0]);
    }

    [Fact]
    public async Task A_number_that_outgrows_the_type_it_was_described_with_is_read_as_it_is()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id bigint PRIMARY KEY, v int); INSERT INTO t VALUES (1, 2)");
        var address = DatabaseAddress.Of(_database.JdbcUrl, new DatabaseLogin(own.Server.User, MariaDbServer.Password, "", "drivers"), "/");
        var query = new SqlTextBuilder().Add("SELECT * FROM t").Build();
        await using var connection = await address.OpenAsync(default);
        var shape = await QueryShape.DescribeAsync(connection, query, address, default);
        await _database.ExecuteAsync("ALTER TABLE t MODIFY id bigint unsigned, MODIFY v bigint unsigned; UPDATE t SET id = 18446744073709551615, v = 18446744073709551614");

        await using var rows = await address.Dialect.ReadAsync(connection, query, shape, new QueryLimits(1, 0), default);

        Assert.True(await rows.ReadAsync(default));
        Assert.Equal(["18446744073709551615", "18446744073709551614"], ((int[])[0, 1]).Select(column => rows.CursorAt(column).ToText(0)));
        var batch = BatchPool.Shared.Rent(1024);
        batch.Begin(shape.Schema, 1);
        rows.AppendTo(batch);
        Assert.Equal("18446744073709551615", System.Text.Encoding.UTF8.GetString(batch.Utf8(0, 0)));
        batch.Release();
    }

    [Fact]
    public async Task Keys_that_are_one_for_the_collation_are_an_error_also_where_a_run_ends_between_them()
    {
        await _database.ExecuteAsync(
            "CREATE TABLE t (k varchar(20) COLLATE utf8mb4_general_ci, n int); INSERT INTO t SELECT LPAD(seq, 5, '0'), seq FROM seq_1_to_99; INSERT INTO t VALUES ('x', 100), ('X ', 101)");
        using var bench = Bench("", ("query", "SELECT * FROM t"), ("key", "k"));
        Assert.NotNull((await bench.RunAsync(new FaultSchedule().At(FaultStep.SinkWrite, 2, Fault.Throw))).Error);
        Assert.Equal(100, bench.Count);

        Assert.StartsWith("Two rows have the same key (k)", (await bench.FailureAsync()).Message);
        await _database.ExecuteAsync("DELETE FROM t WHERE n = 101");
        await bench.ReadAsync();
        Assert.Equal(100, bench.Count);
    }

    [Fact]
    public async Task A_full_load_goes_on_behind_a_key_of_bits()
    {
        await _database.ExecuteAsync("CREATE TABLE t (k bit(16) PRIMARY KEY); INSERT INTO t SELECT seq FROM seq_1_to_150");
        using var bench = Bench("", ("query", "SELECT * FROM t"), ("key", "k"));
        Assert.NotNull((await bench.RunAsync(new FaultSchedule().At(FaultStep.SinkWrite, 2, Fault.Throw))).Error);

        await bench.ReadAsync();

        Assert.Equal(150, bench.Count);
    }

    [Theory]
    [InlineData("SELECT seq AS id, SLEEP(600) AS pause FROM seq_1_to_10", 0)]
    [InlineData("SELECT a.seq AS id, b.seq AS n FROM seq_1_to_1000000 a JOIN seq_1_to_1000000 b", 1000)]
    [InlineData("SELECT seq AS id, IF(seq > 5000, SLEEP(600), 0) AS pause FROM seq_1_to_10000", 1000)]
    public async Task A_stop_ends_the_query_on_the_server(string query, int rows)
    {
        const string Running = "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT q.%seq_1_to_%'";
        using var bench = Bench("", ("query", query));
        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);
        await Eventually.Is(() => run.IsCompleted || bench.Count >= rows);
        while (!run.IsCompleted && (await _database.RowsAsync(Running))[0] == "0")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        await stop.CancelAsync();

        Assert.Null((await run.WaitAsync(SourceBench.Limit)).Error);
        Assert.Equal(["0"], await _database.RowsAsync(Running));
    }

    [Fact]
    public async Task A_poll_after_a_restart_of_the_server_takes_no_connection_from_before()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
        using var bench = Bench("", ("query", "SELECT * FROM t WHERE id > ?"), ("incremental-column", "id"), ("incremental-type", "id"));
        Assert.Equal(["1"], (await bench.ReadAsync()).Select(record => record.Id));

        await own.Server.RestartAsync();
        await _database.ExecuteAsync("INSERT INTO t VALUES (2)");

        Assert.Equal(["2"], (await bench.ReadAsync()).Select(record => record.Id));
    }

    [Fact]
    public async Task A_server_that_dies_while_it_is_read_costs_no_row()
    {
        await FillAsync();
        using var bench = Bench("", ("query", "SELECT id, text FROM source WHERE id > ?"), ("incremental-column", "id"), ("incremental-type", "id"));
        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);
        await Eventually.Is(() => run.IsCompleted || bench.Count > 500);

        await own.Server.RestartAsync();
        await _database.ExecuteAsync($"INSERT INTO source VALUES ({Rows + 1}, 'after')");
        await Eventually.Is(() => run.IsCompleted || bench.Count > Rows);
        await stop.CancelAsync();

        Assert.Null((await run).Error);
        Assert.Equal(Enumerable.Range(1, Rows + 1).Select(id => (long)id), bench.Records.Select(record => record.GetInt64("id")).Order());
        Assert.Equal(0, (await bench.TotalsAsync()).Unaccounted);
    }

    [Fact]
    public async Task A_server_that_dies_while_it_is_written_to_has_every_row_once()
    {
        await FillAsync();
        await _database.ExecuteAsync("CREATE TABLE target (id int, text text, UNIQUE (id))");
        using var folder = Copy("query: SELECT * FROM source, key: id", "batch-size: 200");
        using var process = Cli.Start(folder.Path, ["run", "copy.yaml"]);
        var finish = Cli.FinishAsync(process);
        while (!finish.IsCompleted && (await _database.RowsAsync("SELECT count(*) FROM target"))[0] == "0")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        await own.Server.RestartAsync();

        (await finish).Succeeded();
        const string Sum = "SELECT count(*), count(DISTINCT id), sum(crc32(concat(id, text))) FROM";
        Assert.Equal(await _database.RowsAsync($"{Sum} source"), await _database.RowsAsync($"{Sum} target"));
    }

    private Task FillAsync() => _database.ExecuteAsync(
        $"CREATE TABLE source (id int PRIMARY KEY, text text); INSERT INTO source SELECT seq, CONCAT(REPEAT('x', 200), seq) FROM seq_1_to_{Rows}");

    private DatabaseBench Bench(string parameters, params (string, string)[] options) =>
        new(DatabaseBench.Of(_database.JdbcUrl + parameters, own.Server.User, MariaDbServer.Password, options));

    private TemporaryFolder Load(string options, string csv)
    {
        var folder = new TemporaryFolder();
        folder.Write("people.csv", csv);
        folder.Write(
            "load.yaml",
            $$"""
            name: load
            source: { type: file, connection: people.csv, options: { format: csv } }
            sink: { type: database, connection: "{{_database.JdbcUrl}}", options: { {{Login}}, {{options}} } }
            delivery: effectively-once
            """);
        return folder;
    }

    private TemporaryFolder Copy(string options, string settings = "batch-size: 1000")
    {
        var folder = new TemporaryFolder();
        folder.Write(
            "copy.yaml",
            $$"""
            name: copy
            source: { type: database, connection: "{{_database.JdbcUrl}}", options: { {{Login}}, {{options}} }, {{settings}} }
            sink: { type: database, connection: "{{_database.JdbcUrl}}", options: { {{Login}}, table: target } }
            delivery: effectively-once
            commit-interval: 100ms
            until: caught-up
            """);
        return folder;
    }

    private string Login => $"username: {own.Server.User}, password: \"{MariaDbServer.Password}\"";

    /// <summary>The server of the class.</summary>
    public sealed class OwnServer : IAsyncLifetime
    {
        /// <summary>The server.</summary>
        public MariaDbServer Server { get; private set; } = null!;

        /// <inheritdoc/>
        public async ValueTask InitializeAsync() => Server = await MariaDbServer.StartOwnAsync();

        /// <inheritdoc/>
        public ValueTask DisposeAsync()
        {
            Server.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
