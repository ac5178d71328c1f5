using DataFlow.Conformance;
using DataFlow.Connectors;
using Microsoft.Data.Sqlite;

namespace DataFlow.UnitTests.Connectors.Database;

public sealed class SqliteSourceTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private SourceBench? _bench;
    private int _seen;

    private string Path => _folder["shop.db"];

    public void Dispose()
    {
        _bench?.Dispose();
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Fact]
    [Trait("claim", "DB-09")]
    [Trait("claim", "DB-10")]
    [Trait("claim", "DB-11")]
    public async Task What_is_later_than_the_start_is_read_by_timestamp_which_is_the_default()
    {
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, at TEXT NOT NULL); INSERT INTO e VALUES (1, '2023-12-31 23:00:00'), (2, '2024-01-01 00:00:00'), (3, '2024-01-01 00:00:01')");
        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "at"), ("start-time", "2024-01-01 00:00:00"));

        Assert.Equal(["3"], await IdsAsync());
        Assert.Empty(await IdsAsync());
        Run("INSERT INTO e VALUES (4, '2024-01-01 00:00:01'), (5, '2024-02-01 00:00:00')");
        Assert.Equal(["4", "5"], await IdsAsync());
    }

    [Fact]
    public async Task Rows_that_are_alike_are_counted()
    {
        Run("CREATE TABLE e (text TEXT, at TEXT NOT NULL); INSERT INTO e VALUES ('a', '2024-01-01'), ('a', '2024-01-01')");
        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "at"));

        var first = await ReadAsync();
        Assert.Equal(2, first.Count);
        Assert.NotEqual(first[0].DeliveryId, first[1].DeliveryId);
        Run("INSERT INTO e VALUES ('a', '2024-01-01')");
        Assert.Single(await ReadAsync());
        Assert.Empty(await ReadAsync());
    }

    [Theory]
    [InlineData("UTF-8")]
    [InlineData("UTF-16le")]
    public async Task Text_is_read_as_it_is_however_the_database_holds_it(string encoding)
    {
        Run($"PRAGMA encoding = '{encoding}'; CREATE TABLE e (id TEXT, text, more); INSERT INTO e VALUES ('1', 'Grüße 🦉', x'00ff'), ('2', '', zeroblob(0)), ('3', NULL, 1.5)");
        Use(("query", "SELECT * FROM e"));

        var records = await ReadAsync();

        Assert.Equal(["1|Grüße 🦉|\\x00ff", "2||\\x", "3||1.5"], records.Select(record => string.Join('|', record.Data.Values)));
        Assert.Equal([false, false, true], records.Select(record => record.IsNull("text")));
    }

    [Fact]
    public async Task A_scan_that_is_made_again_names_its_rows_as_before_and_a_changed_row_anew()
    {
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO e VALUES (1, 'a'), (2, 'b'), (3, 'b'), (4, 'c')");
        async Task<List<Guid>> NamesAsync()
        {
            Use(("query", "SELECT text FROM e ORDER BY id"));
            Assert.NotNull((await _bench!.RunAsync(faults: new FaultSchedule().At(FaultStep.SinkCommit, 1, Fault.Throw))).Error);
            return [.. (await ReadAsync()).Select(record => record.DeliveryId)];
        }

        var first = await NamesAsync();
        var again = await NamesAsync();
        Run("UPDATE e SET text = 'd' WHERE id = 2");
        var changed = await NamesAsync();
        var nextPoll = (await ReadAsync()).Select(record => record.DeliveryId).ToList();

        Assert.Equal(4, first.Distinct().Count());
        Assert.Equal(first, again);
        Assert.Equal(first.Where((_, row) => row != 1), changed.Where((_, row) => row != 1));
        Assert.NotEqual(first[1], changed[1]);
        Assert.Empty(changed.Intersect(nextPoll));
    }

    [Fact]
    public async Task A_stamp_that_comes_late_is_found_within_the_safety_lag()
    {
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, at TEXT NOT NULL); INSERT INTO e VALUES (1, '2024-01-01'), (2, '2024-03-01')");
        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "at"), ("safety-lag", "1h"));

        Assert.Equal(["1", "2"], await IdsAsync());
        Run("INSERT INTO e VALUES (3, '2024-02-01')");

        Assert.Equal(["3"], await IdsAsync());
        Assert.Contains(_bench!.Log.Lines, line => line.Contains("a safety lag of 3600 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_window_that_is_full_makes_reading_wait_and_loses_nothing()
    {
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, at TEXT NOT NULL); WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2500) "
            + "INSERT INTO e SELECT n, datetime(1704067200 + n, 'unixepoch') FROM r");
        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "at"), ("safety-lag", "1h"), ("max-window", "1000"));
        using var stop = new CancellationTokenSource();
        var run = _bench!.RunAsync(stop: stop.Token);
        await Eventually.Is(() => run.IsCompleted || _bench.Log.Lines.Any(line => line.Contains("Reading waits: 1000 rows are remembered", StringComparison.Ordinal)));
        await stop.CancelAsync();

        Assert.Null((await run).Error);
        Assert.Equal(Enumerable.Range(1, 1000).Select(id => $"{id}"), _bench.Collected.All.Select(record => record.Record.Id));
    }

    [Fact]
    public async Task A_row_that_changes_is_read_again_with_its_new_stamp()
    {
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, at TEXT NOT NULL, text TEXT); INSERT INTO e VALUES (1, '2024-01-01', 'a')");
        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "at"), ("key", "id"));
        Assert.Equal(["1"], await IdsAsync());

        Run("UPDATE e SET at = '2024-01-02', text = 'b'");

        Assert.Equal("b", Assert.Single(await ReadAsync())["text"]);
    }

    [Fact]
    [Trait("claim", "DB-36")]
    public async Task Rows_without_a_cursor_are_an_error_unless_they_may_be_left_out()
    {
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, at TEXT); INSERT INTO e VALUES (1, '2024-01-01'), (2, NULL)");
        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "at"));
        Assert.StartsWith("Incremental sync not progressing: e has rows without a value in at", (await FailureAsync()).Message);

        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "at"), ("null-cursor", "exclude"));
        Assert.Equal(["1"], await IdsAsync());
    }

    [Fact]
    public async Task Rows_without_a_cursor_can_be_read_once_before_the_others()
    {
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, at TEXT); INSERT INTO e VALUES (1, '2024-01-01'), (2, NULL), (3, NULL)");
        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "at"), ("null-cursor", "include-first"));
        Assert.Contains("Write WHERE at > ? OR at IS NULL", (await FailureAsync()).Message, StringComparison.Ordinal);

        Use(("query", "SELECT * FROM e WHERE at > ? OR at IS NULL"), ("incremental-column", "at"), ("null-cursor", "include-first"));
        await _bench!.RunAsync(faults: new FaultSchedule().At(FaultStep.SinkCommit, 1, Fault.Throw));
        Assert.Equal(["2", "3", "1"], await IdsAsync());
        Run("INSERT INTO e VALUES (4, NULL), (5, '2024-01-02')");
        Assert.Equal(["5"], await IdsAsync());
    }

    [Fact]
    [Trait("claim", "DB-36")]
    public async Task An_incremental_column_that_is_not_there_is_an_error_that_lists_the_columns()
    {
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, at TEXT)");
        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "created"));

        Assert.Equal(
            "Incremental sync not progressing: the incremental-column 'created' is not among the columns of the query (id, at). Add it to the SELECT.",
            (await FailureAsync()).Message);
    }

    [Fact]
    [Trait("claim", "DB-35")]
    public async Task A_column_without_an_index_is_hinted_at()
    {
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, at TEXT NOT NULL); INSERT INTO e VALUES (1, '2024-01-01')");
        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "at"));
        await ReadAsync();
        Assert.Contains(_bench!.Log.Lines, line => line.Contains("Slow query performance: e has no index that begins with at", StringComparison.Ordinal));

        Run("CREATE INDEX i ON e (at)");
        Use(("query", "SELECT * FROM e WHERE at > ?"), ("incremental-column", "at"));
        await ReadAsync();
        Assert.DoesNotContain(_bench!.Log.Lines, line => line.Contains("Slow query performance", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_full_load_with_a_key_goes_on_where_it_broke_off()
    {
        Run("CREATE TABLE e (a TEXT, b INTEGER, PRIMARY KEY (a, b)); WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n < 199) INSERT INTO e SELECT 'x''' || (n / 50), n % 50 FROM r");
        Use(("query", "SELECT * FROM e"), ("key", "a,b"));
        for (var fault = 0; fault < 3; fault++)
        {
            await _bench!.RunAsync(faults: new FaultSchedule().At(FaultStep.SinkWrite, 10, Fault.Throw));
        }

        Assert.True(_bench!.Collected.Count > 100, $"{_bench.Collected.Count} records were there before the last run.");
        await ReadAsync();

        Assert.Equal(200, _bench.Collected.Count);
        Assert.Equal(200, _bench.Collected.All.Select(record => (record.Record["a"], record.Record["b"])).Distinct().Count());
        Assert.Equal(200, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task A_key_that_does_not_name_one_row_is_an_error_and_loses_none()
    {
        Run("CREATE TABLE e (id INTEGER, text TEXT); INSERT INTO e VALUES (1, 'a'), (2, 'b'), (2, 'c')");
        Use(("query", "SELECT * FROM e"), ("key", "id"));

        Assert.StartsWith("Two rows have the same key (id)", (await FailureAsync()).Message);
    }

    /// <summary>A batch has seven rows, a page 50,000: behind the key at their end, the second row is not looked for.</summary>
    [Theory]
    [InlineData(7, "k INTEGER", "min(n, 7)")]
    [InlineData(7, "k INTEGER, l TEXT DEFAULT 'x'", "min(n, 7)", "k,l")]
    [InlineData(7, "k TEXT COLLATE NOCASE", "CASE WHEN n < 7 THEN char(64 + n) WHEN n = 7 THEN 'x' ELSE 'X' END")]
    [InlineData(50_000, "k TEXT COLLATE NOCASE", "CASE WHEN n < 50000 THEN printf('a%06d', n) WHEN n = 50000 THEN 'x' ELSE 'X' END")]
    public async Task Two_rows_of_one_key_are_an_error_also_where_a_page_or_a_run_ends_between_them(
        int edge, string columns, string value, string key = "k")
    {
        Run($"CREATE TABLE e (id INTEGER, {columns}); WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n <= {edge}) INSERT INTO e (id, k) SELECT n, {value} FROM r");
        Use(("query", "SELECT * FROM e"), ("key", key));
        if (edge == 7)
        {
            Assert.NotNull((await _bench!.RunAsync(faults: new FaultSchedule().At(FaultStep.SinkWrite, 2, Fault.Throw))).Error);
            Assert.Equal(7, _bench.Collected.Count);
        }

        Assert.StartsWith($"Two rows have the same key ({key.Replace(",", ", ", StringComparison.Ordinal)})", (await FailureAsync()).Message);
        Assert.StartsWith("Two rows have the same key", (await FailureAsync()).Message);
    }

    [Theory]
    [InlineData("DELETE FROM e WHERE id = 7")]
    [InlineData("UPDATE e SET text = 'other' WHERE id = 7")]
    public async Task A_full_load_goes_on_also_behind_a_row_that_is_gone(string change)
    {
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, text TEXT); WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 20) INSERT INTO e SELECT n, 'a' FROM r");
        Use(("query", "SELECT * FROM e"), ("key", "id"));
        Assert.NotNull((await _bench!.RunAsync(faults: new FaultSchedule().At(FaultStep.SinkWrite, 2, Fault.Throw))).Error);
        Assert.Equal(7, _bench.Collected.Count);

        Run(change);

        Assert.Equal(Enumerable.Range(1, 20).Select(id => $"{id}"), await IdsAsync());
    }

    [Fact]
    public async Task A_full_load_goes_on_behind_a_fraction_with_all_its_digits()
    {
        Run("CREATE TABLE e (id INTEGER, k REAL PRIMARY KEY); WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 60) INSERT INTO e SELECT n, 1e15 / 3 + n / 16.0 FROM r");
        Use(("query", "SELECT * FROM e"), ("key", "k"));
        for (var write = 2; write <= 4; write++)
        {
            Assert.NotNull((await _bench!.RunAsync(faults: new FaultSchedule().At(FaultStep.SinkWrite, 2, Fault.Throw))).Error);
        }

        Assert.Equal(Enumerable.Range(1, 60).Select(id => $"{id}"), await IdsAsync());
    }

    [Theory]
    [InlineData("ALTER TABLE e ADD COLUMN added TEXT")]
    [InlineData("ALTER TABLE e RENAME COLUMN b TO c")]
    [InlineData("DROP TABLE e; CREATE TABLE e (b TEXT, a TEXT); INSERT INTO e VALUES ('b', 'a')")]
    public async Task A_table_that_is_altered_after_it_was_described_is_not_read_as_what_it_is_not(string change)
    {
        Run("CREATE TABLE e (a TEXT, b TEXT); INSERT INTO e VALUES ('a', 'b')");
        var address = DatabaseAddress.Of($"jdbc:sqlite:{Path}", new DatabaseLogin("", "", "", "drivers"), "/");
        var sql = new SqlTextBuilder().Add("SELECT q.* FROM (SELECT * FROM e) q").Build();
        await using var connection = await address.OpenAsync(default);
        var shape = await QueryShape.DescribeAsync(connection, sql, address, default);
        await using var rows = await address.Dialect.ReadAsync(connection, sql, shape, new QueryLimits(1, 0), default);

        // Also the statement that is compiled already is compiled anew.
        Run(change);

        var failure = await Assert.ThrowsAsync<ConnectorException>(async () => await rows.ReadAsync(default));
        Assert.Contains("have changed since it was described", failure.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.External, failure.Owner);
    }

    [Fact]
    public async Task A_step_that_takes_too_long_is_broken_off()
    {
        Use(
            ("query", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r WHERE n < 0"),
            ("query-timeout", "500ms"));
        Run("CREATE TABLE e (id INTEGER)");

        var failure = await Task.Run(FailureAsync).WaitAsync(SourceBench.Limit);

        Assert.StartsWith("Slow query performance: ", failure.Message);
        Assert.Equal(FaultOwner.External, failure.Owner);
    }

    [Fact]
    public async Task A_full_scan_that_breaks_off_leaves_nothing_of_itself()
    {
        Run("CREATE TABLE e (id INTEGER); WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n < 199) INSERT INTO e SELECT n FROM r");
        Use(("query", "SELECT * FROM e"));

        await _bench!.RunAsync(faults: new FaultSchedule().At(FaultStep.SinkWrite, 10, Fault.Throw));

        Assert.Equal(200, (await ReadAsync()).Count);
        Assert.Equal(200, _bench.Collected.Count);
    }

    [Theory]
    [InlineData("SELECT * FROM nowhere", "can't run the query: no such table: nowhere.")]
    [InlineData("SELEC 1", "can't run the query: near \"SELEC\": syntax error.")]
    [InlineData("SELECT 1 AS a, 2 AS a", "The query gives 2 columns that are called 'a'")]
    public async Task A_query_that_can_not_be_run_says_why(string query, string said)
    {
        Run("CREATE TABLE e (id INTEGER)");
        Use(("query", query));

        var failure = await FailureAsync();

        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.User, failure.Owner);
    }

    [Fact]
    [Trait("claim", "DB-27")]
    public async Task Every_kind_of_value_becomes_text_and_null_stays_null()
    {
        Run("CREATE TABLE e (i, r, t, b, n); INSERT INTO e VALUES (9223372036854775807, 1e7, 'ä''\t', x'00ff', NULL), ('text', 1000.5, '', 1, 2)");
        Use(("query", "SELECT * FROM e"));

        var records = await ReadAsync();

        Assert.Equal(["9223372036854775807", "1.0E7", "ä'\t", "\\x00ff", ""], records[0].Data.Values);
        Assert.True(records[0].IsNull("n"));
        Assert.Equal(["text", "1000.5", "", "1", "2"], records[1].Data.Values);
    }

    /// <summary>Between two rows SQLite works on the thread that asked, and knows nothing of a stop by itself.</summary>
    [Theory]
    [InlineData("SELECT 1 AS id UNION ALL SELECT n FROM ({0})", "")]
    [InlineData("SELECT id, at FROM e WHERE at > ? AND (id = 1 OR id IN ({0}))", "at")]
    public async Task A_stop_breaks_off_a_step_that_finds_no_row(string query, string column)
    {
        const string Endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r WHERE n < 0";
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, at TEXT NOT NULL); INSERT INTO e VALUES (1, '2024-01-01'), (2, '2024-01-02')");
        Use(("query", string.Format(System.Globalization.CultureInfo.InvariantCulture, query, Endless)), ("incremental-column", column));
        using var stop = new CancellationTokenSource();
        var run = Task.Run(() => _bench!.RunAsync(change: spec => spec with { BatchSize = 1 }, stop: stop.Token));
        if (column.Length == 0)
        {
            await Eventually.Is(() => run.IsCompleted || _bench!.Collected.Count == 1);
        }
        else
        {
            await Eventually.Is(() => run.IsCompleted || _bench!.Log.Lines.Any(line => line.Contains("committed late", StringComparison.Ordinal)));
        }

        await stop.CancelAsync();

        Assert.Null((await run.WaitAsync(SourceBench.Limit)).Error);
    }

    [Fact]
    [Trait("claim", "DB-07")]
    [Trait("claim", "CFG-08")]
    public void A_query_must_be_given()
    {
        var error = Assert.Throws<DataFlow.Engine.Configuration.ConfigurationException>(() => DataFlow.Engine.Configuration.SourceBinding.Bind(
            "p", new SourceConfig { SourceType = "database", ConnectionString = "jdbc:sqlite:x" }, BuiltInCatalogue.Instance));

        Assert.Contains("query", error.Message, StringComparison.Ordinal);
        Assert.Contains("must be given", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "DB-33")]
    public async Task A_provider_from_the_plugin_folder_runs_queries()
    {
        SqlitePlugin.CopyTo(_folder["drivers"]);
        Run("CREATE TABLE e (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO e VALUES (1, 'a'), (2, 'b')");
        _bench = new SourceBench(BuiltInCatalogue.Instance, () => new SourceConfig
        {
            SourceType = SourceType.Database,
            ConnectionString = $"Data Source={Path};Pooling=False",
            Options = new Dictionary<string, string>
            {
                ["driver"] = SqlitePlugin.Name,
                ["drivers-folder"] = _folder["drivers"],
                ["query"] = "SELECT * FROM e WHERE id > ?",
                ["incremental-column"] = "id",
                ["incremental-type"] = "id",
            },
        });

        Assert.Equal(["1", "2"], await IdsAsync());
        Run("INSERT INTO e VALUES (3, 'c')");
        Assert.Equal(["3"], await IdsAsync());
    }

    private void Run(string sql) => Sqlite.Execute(Path, sql);

    private void Use(params (string Name, string Value)[] options)
    {
        _bench?.Dispose();
        _seen = 0;
        _bench = new SourceBench(BuiltInCatalogue.Instance, () => new SourceConfig
        {
            SourceType = SourceType.Database,
            ConnectionString = $"jdbc:sqlite:{Path}",
            Options = options.Where(option => option.Value.Length > 0).ToDictionary(option => option.Name, option => option.Value),
        });
    }

    private async Task<IReadOnlyList<DataRecord>> ReadAsync()
    {
        Assert.Null((await _bench!.RunAsync()).Error);
        var records = _bench.Collected.All.Skip(_seen).Select(record => record.Record).ToList();
        _seen += records.Count;
        return records;
    }

    private async Task<IEnumerable<string>> IdsAsync() => (await ReadAsync()).Select(record => record.Id).ToList();

    private async Task<ConnectorException> FailureAsync() => Assert.IsType<ConnectorException>((await _bench!.RunAsync()).Error);
}
