using System.Diagnostics;
using System.Runtime.InteropServices;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>Changes read from the log of a PostgreSQL.</summary>
public sealed class ChangeCaptureTests : IAsyncLifetime
{
    private const int SigStop = 19;
    private const int SigCont = 18;

    private PostgreSqlServer _server = null!;
    private PostgreSqlDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgreSqlServer.GetAsync();
        _database = await _server.CreateDatabaseAsync();
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task First_the_rows_that_are_there_then_every_change_with_old_and_new_values()
    {
        await _database.ExecuteAsync(
            """
            CREATE TABLE t (id int PRIMARY KEY, text text, amount double precision, ok boolean, at timestamptz, big text);
            ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
            CREATE TABLE other (id int PRIMARY KEY);
            INSERT INTO t VALUES (1, 'one', 1000.5, true, '2024-01-01 10:00:00+02', repeat('x', 20000));
            """);
        using var bench = await BenchAsync();

        var snapshot = Assert.Single(await bench.ReadAsync());
        Assert.Equal(("1", "1000.5", "2024-01-01 08:00:00.0", "snapshot"), (snapshot.Id, snapshot["amount"], snapshot["at"], snapshot.Metadata["operation"]));
        await _database.ExecuteAsync(
            """
            BEGIN; INSERT INTO t VALUES (2, 'two', 1e7, false, '2024-01-01 10:00:00.5+00', NULL); UPDATE t SET text = 'uno' WHERE id = 1; COMMIT;
            INSERT INTO other VALUES (1);
            BEGIN; INSERT INTO t VALUES (9, 'never'); ROLLBACK;
            UPDATE t SET id = 3 WHERE id = 2;
            DELETE FROM t WHERE id = 3;
            """);

        var changes = await bench.ReadAsync();

        Assert.Equal(
            [
                (RecordOperation.Insert, "2", "two"), (RecordOperation.Update, "1", "uno"), (RecordOperation.Delete, "2", null),
                (RecordOperation.Update, "3", "two"), (RecordOperation.Delete, "3", null),
            ],
            changes.Select(change => (change.Operation, change.Id, change["text"])));
        Assert.Equal(("1.0E7", "false", "2024-01-01 10:00:00.5"), (changes[0]["amount"], changes[0]["ok"], changes[0]["at"]));
        Assert.False(changes[1].Data.ContainsKey("big"), "An unchanged large value is not sent and must not look like an empty one.");
        Assert.Equal("t", changes[0].Metadata["table"]);
        Assert.Equal(changes.Count, changes.Select(change => change.DeliveryId).Distinct().Count());
        Assert.Empty(await bench.ReadAsync());
    }

    [Fact]
    public async Task With_full_identity_the_old_row_is_there_too()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text); ALTER TABLE t REPLICA IDENTITY FULL; INSERT INTO t VALUES (1, 'old')");
        using var bench = await BenchAsync(("snapshot", "never"));
        Assert.Empty(await bench.ReadAsync());

        await _database.ExecuteAsync("UPDATE t SET text = 'new'; DELETE FROM t");

        var changes = await bench.ReadAsync();
        Assert.Equal("{\"id\":\"1\",\"text\":\"old\"}", changes[0].Metadata["before"]);
        Assert.Equal((RecordOperation.Delete, "new"), (changes[1].Operation, changes[1]["text"]));
    }

    [Theory]
    [InlineData("DEFAULT", null, "{\"id\":\"1\"}")]
    [InlineData("FULL", "whole", "{\"id\":\"1\",\"text\":\"old\",\"big\":\"whole\"}")]
    public async Task What_is_not_sent_under_a_new_key_is_found_under_the_former_one_or_in_the_old_row(string identity, string? big, string before)
    {
        await _database.ExecuteAsync(
            $"CREATE TABLE t (id int PRIMARY KEY, text text, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL; ALTER TABLE t REPLICA IDENTITY {identity}; INSERT INTO t VALUES (1, 'old', repeat('x', 20000))");
        using var bench = await BenchAsync(("snapshot", "never"));
        await bench.ReadAsync();

        await _database.ExecuteAsync("UPDATE t SET id = 2, text = 'new'");

        var changes = await bench.ReadAsync();
        var update = Assert.Single(changes, change => change.Operation == RecordOperation.Update);
        Assert.Equal(before.Replace("whole", new string('x', 20000), StringComparison.Ordinal), update.Metadata["before"]);
        Assert.Equal(big is null, !update.Data.ContainsKey("big"));
        Assert.Equal(big is null ? ["2", "1"] : ["1", "2"], changes.Select(change => change.Id));
    }

    [Fact]
    public async Task The_slot_moves_only_with_what_is_delivered_and_also_when_nothing_happens_in_the_tables()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text); CREATE TABLE noise (id int)");
        using var bench = await BenchAsync(("heartbeat-interval", "50ms"));
        await bench.ReadAsync();
        await _database.ExecuteAsync("INSERT INTO t VALUES (1, 'a')");
        await bench.RunAsync(new FaultSchedule().At(FaultStep.SinkCommit, 1, Fault.Throw));
        await bench.ReadAsync();
        Assert.Equal(["1"], bench.Records.Select(record => record.Id));

        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);
        await _database.ExecuteAsync("INSERT INTO noise SELECT generate_series(1, 100000)");
        var written = (await _database.RowsAsync("SELECT pg_current_wal_lsn()"))[0];
        while (!run.IsCompleted && (await _database.RowsAsync($"SELECT confirmed_flush_lsn >= '{written}' FROM pg_replication_slots WHERE database = current_database()"))[0] == "f")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        await stop.CancelAsync();
        Assert.Null((await run).Error);
    }

    [Fact]
    public async Task Rows_that_were_there_are_committed_while_the_run_goes_on()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text); CREATE TABLE u (id int PRIMARY KEY); INSERT INTO t SELECT n, 'there' FROM generate_series(1, 250) n; INSERT INTO u VALUES (1)");
        using var bench = await BenchAsync(("tables", "t,u"));
        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);

        await Eventually.Is(async () => run.IsCompleted || await bench.CommittedAsync() == 251);
        await _database.ExecuteAsync("INSERT INTO u VALUES (2)");
        await Eventually.Is(async () => run.IsCompleted || await bench.CommittedAsync() == 252);
        await stop.CancelAsync();

        Assert.Null((await run).Error);
        Assert.Equal(252, bench.Records.Select(record => record.DeliveryId).Distinct().Count());
    }

    [Fact]
    public async Task A_transaction_is_committed_as_a_whole_or_not_at_all()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text)");
        using var bench = await BenchAsync();
        await bench.ReadAsync();
        await _database.ExecuteAsync("INSERT INTO t SELECT n, 'first' FROM generate_series(1, 250) n");
        await _database.ExecuteAsync("INSERT INTO t SELECT n, 'second' FROM generate_series(251, 1000) n");

        // Of batches of 100 records the fifth is in the middle of the second transaction.
        Assert.NotNull((await bench.RunAsync(new FaultSchedule().At(FaultStep.SinkWrite, 5, Fault.Throw))).Error);

        Assert.Contains((await bench.TotalsAsync()).Delivered, new[] { 0L, 250L });
        await bench.ReadAsync();
        Assert.Equal(Enumerable.Range(1, 1000).Select(id => $"{id}"), bench.Records.Select(record => record.Id));
    }

    [Fact]
    public async Task Too_much_log_for_a_slot_is_measured_and_said()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text)");
        using var bench = await BenchAsync(("max-slot-lag", "1KiB"), ("heartbeat-interval", "50ms"));
        await bench.ReadAsync();
        await _database.ExecuteAsync("INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 1000) n");
        using var stop = new CancellationTokenSource();
        var run = bench.PollAsync(stop.Token);

        // The line may be of the first run: the log is the whole server's, and other tests write to it.
        await Eventually.Is(() =>
        {
            bench.Metrics.Observe();
            return run.IsCompleted || (bench.Metrics.Names.Contains("dataflow.source.slot.lag")
                && bench.Log.Any(line => line.Contains("more than max-slot-lag (1KiB). Is the sink slow", StringComparison.Ordinal)));
        });
        await stop.CancelAsync();
        Assert.Null((await run).Error);
    }

    [Fact]
    public async Task A_slot_that_was_dropped_or_used_by_others_is_never_taken_for_ours()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text)");
        using var bench = await BenchAsync();
        await bench.ReadAsync();
        await _database.ExecuteAsync("INSERT INTO t VALUES (1, 'a'); SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()");

        Assert.Contains("is gone from", (await bench.FailureAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slot_of_the_same_name_that_another_database_has_is_left_alone()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text)");
        await using var other = await TestDatabase.CreateAsync("postgresql");
        var slot = $"taken_{_database.Name}";
        await other.ExecuteAsync($"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')");
        try
        {
            using var bench = await BenchAsync(("slot", slot));

            Assert.Contains($"The replication slot {slot} is there already, for another database", (await bench.FailureAsync()).Message, StringComparison.Ordinal);
            Assert.Equal(["1"], await other.RowsAsync($"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{slot}'"));
        }
        finally
        {
            await other.ExecuteAsync($"SELECT pg_drop_replication_slot('{slot}')");
        }
    }

    [Fact]
    public async Task Too_much_log_for_a_slot_can_drop_it()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text)");
        using var bench = await BenchAsync(("max-slot-lag", "1KiB"), ("on-slot-lag", "drop-slot"));

        // The log is the whole server's: what other tests write there may be too much for the first run already.
        var failure = (await bench.RunAsync()).Error;
        if (failure is null)
        {
            await _database.ExecuteAsync("INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 1000) n");
            failure = await bench.FailureAsync();
        }

        Assert.Contains("The slot was dropped (on-slot-lag: drop-slot)", failure.Message, StringComparison.Ordinal);
        Assert.Empty(await _database.RowsAsync("SELECT 1 FROM pg_replication_slots WHERE database = current_database()"));
    }

    [Fact]
    public async Task Too_much_log_for_a_slot_is_noticed_also_while_the_sink_takes_nothing()
    {
        await _database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text)");
        using var bench = await BenchAsync(("max-slot-lag", "32MiB"), ("on-slot-lag", "drop-slot"), ("heartbeat-interval", "50ms"));
        await bench.ReadAsync();
        var faults = new FaultSchedule().At(FaultStep.SinkWrite, 1, Fault.Hang);
        await _database.ExecuteAsync("INSERT INTO t VALUES (1, 'a')");
        var run = bench.RunAsync(faults);
        await Eventually.Is(() => run.IsCompleted || faults.Happened.Count > 0);

        await _database.ExecuteAsync("INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(2, 60000) n");
        await Eventually.Is(async () => run.IsCompleted || (await _database.RowsAsync("SELECT 1 FROM pg_replication_slots WHERE database = current_database()")).Count == 0);
        Assert.False(run.IsCompleted);
        faults.LetGo();

        Assert.Contains("The slot was dropped (on-slot-lag: drop-slot)", (await run).Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slot_whose_reader_is_slow_to_end_is_dropped_all_the_same()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows can't hold a process.");
        using var server = await PostgreSqlServer.StartOwnAsync();
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE t (id int PRIMARY KEY, text text); CREATE TABLE other (text text)");
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            database, ("mode", "cdc"), ("tables", "t"), ("max-slot-lag", "32MiB"), ("on-slot-lag", "drop-slot"), ("heartbeat-interval", "50ms")));
        await bench.ReadAsync();
        var run = bench.PollAsync(TestContext.Current.CancellationToken);
        IReadOnlyList<string> readers = [];
        await Eventually.Is(async () => (readers = await database.RowsAsync("SELECT active_pid FROM pg_replication_slots WHERE active")).Count > 0);
        var reader = int.Parse(readers[0]);
        Assert.Equal(0, Signal(reader, SigStop));
        try
        {
            await database.ExecuteAsync("INSERT INTO other SELECT repeat('x', 1000) FROM generate_series(1, 60000)");
            await Eventually.Is(async () => (await database.RowsAsync("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).Count > 0);
        }
        finally
        {
            Assert.Equal(0, Signal(reader, SigCont));
        }

        Assert.Contains("The slot was dropped (on-slot-lag: drop-slot)", (await run).Error?.Message, StringComparison.Ordinal);
        Assert.Empty(await database.RowsAsync("SELECT 1 FROM pg_replication_slots"));
    }

    [Fact]
    public async Task A_key_that_is_kept_outside_its_row_still_names_it()
    {
        await _database.ExecuteAsync(
            """
            CREATE TABLE t (id text PRIMARY KEY, text text);
            ALTER TABLE t ALTER id SET STORAGE EXTERNAL;
            INSERT INTO t VALUES (repeat('k', 2500), 'a');
            """);
        using var bench = await BenchAsync();
        await bench.ReadAsync();
        await _database.ExecuteAsync("UPDATE t SET text = 'b'");

        var change = Assert.Single(await bench.ReadAsync());

        Assert.Equal((new string('k', 2500), "b"), (change["id"], change["text"]));
    }

    [Fact]
    public async Task Under_load_and_kills_the_target_is_the_same_table_at_the_end()
    {
        var pgbench = RequiredServer.Require(
            "pgbench", RequiredServer.FindProgram("pgbench", Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")) : []), "Install it (Debian: postgresql).");
        await BenchmarkAsync(pgbench, "-i", "-q", "-s", "1");
        await _database.ExecuteAsync("CREATE TABLE target (LIKE pgbench_accounts INCLUDING ALL)");
        using var folder = new TemporaryFolder();
        folder.Write(
            "cdc.yaml",
            $$"""
            name: cdc
            source:
              type: database
              connection: {{_database.JdbcUrl}}
              options: { username: {{_server.User}}, password: "${env:DB_PASS}", mode: cdc, tables: [public.pgbench_accounts], slot: {{_database.Name}} }
            sink:
              type: database
              connection: {{_database.JdbcUrl}}
              options: { username: {{_server.User}}, password: "${env:DB_PASS}", table: target, write: upsert, key: aid }
            delivery: effectively-once
            commit-interval: 50ms
            """);
        var environment = new Dictionary<string, string> { ["DB_PASS"] = PostgreSqlServer.Password };
        var load = BenchmarkAsync(pgbench, "-n", "-c", "4", "-T", "15");
        for (var kill = 0; !load.IsCompleted; kill++)
        {
            using var process = Cli.Start(folder.Path, ["run", "cdc.yaml", "--until", "forever"], environment);
            var finish = Cli.FinishAsync(process);
            await Task.WhenAny(load, finish, Task.Delay(TimeSpan.FromSeconds(3 + (kill % 3)), TimeProvider.System));
            process.Kill();
            var result = await finish;
            Assert.True(result.ExitCode == CliResult.Killed, result.Error);
        }

        await load;
        await _database.ExecuteAsync("DELETE FROM pgbench_accounts WHERE aid % 1000 = 0; UPDATE pgbench_accounts SET aid = -aid WHERE aid % 1000 = 1");
        (await Cli.RunAsync(folder.Path, ["run", "cdc.yaml", "--until", "caught-up"], environment)).Succeeded();

        Assert.Equal(
            await _database.RowsAsync("SELECT count(*), sum(hashtext(a::text)::bigint), sum(abalance) <> 0 FROM pgbench_accounts a"),
            await _database.RowsAsync("SELECT count(*), sum(hashtext(a::text)::bigint), sum(abalance) <> 0 FROM target a"));
    }

    private async Task<DatabaseBench> BenchAsync(params (string, string)[] options) => new(await DatabaseBench.PostgreSqlAsync(
        _database, [.. new[] { ("mode", "cdc"), ("tables", "t"), ("slot", _database.Name) }.ExceptBy(options.Select(option => option.Item1), option => option.Item1), .. options]));

    private async Task BenchmarkAsync(string pgbench, params string[] arguments)
    {
        var start = new ProcessStartInfo(pgbench, [.. arguments, "-h", _server.Host, "-p", $"{_server.Port}", "-U", _server.User, _database.Name])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["PGPASSWORD"] = PostgreSqlServer.Password;
        using var process = Process.Start(start)!;
        var result = await Cli.FinishAsync(process);
        result.Succeeded();
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
