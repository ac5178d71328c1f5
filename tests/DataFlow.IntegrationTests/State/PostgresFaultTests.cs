using System.Runtime.CompilerServices;
using DataFlow.Conformance;
using DataFlow.Engine.State;
using Npgsql;

namespace DataFlow.IntegrationTests.State;

/// <summary>The state store while its server, its connections and its rights go away.</summary>
public sealed class PostgresFaultTests
{
    private const string Pipeline = "users";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_commit_whose_reply_was_lost_is_recognised()
    {
        await using var database = await NewDatabaseAsync();
        await using var proxy = new TcpFaultProxy((await PostgreSqlServer.GetAsync()).Port);
        await using var store = await OpenAsync(Through(proxy, database));
        var first = Next((await store.OpenRunAsync(Pipeline, "a", Ct)).Checkpoint);

        var commit = await CommitUnseenAsync(store, first, proxy, database);
        proxy.Cut();
        proxy.Thaw();

        Assert.Equal(CommitOutcome.AlreadyCommitted, await commit);
        Assert.Equal(CommitOutcome.Committed, await CommitAsync(store, Next(first)));
    }

    [Fact]
    public async Task A_commit_whose_reply_was_lost_with_the_server_is_recognised_when_it_is_sent_again()
    {
        await using var database = await NewDatabaseAsync();
        await using var proxy = new TcpFaultProxy((await PostgreSqlServer.GetAsync()).Port);
        await using var store = await OpenAsync(Through(proxy, database));
        var first = Next((await store.OpenRunAsync(Pipeline, "a", Ct)).Checkpoint);

        var commit = await CommitUnseenAsync(store, first, proxy, database);
        proxy.Refuse();
        proxy.Cut();
        proxy.Thaw();
        var error = await Assert.ThrowsAsync<ConnectorException>(async () => await commit);
        proxy.Refuse(false);

        Assert.Equal((FaultOwner.External, RetryKind.WithBackoff), (error.Owner, error.Retry.Kind));
        Assert.Equal(CommitOutcome.AlreadyCommitted, await CommitAsync(store, first));
    }

    [Fact]
    public async Task A_restart_of_the_server_between_two_commits_is_not_noticed()
    {
        using var server = await PostgreSqlServer.StartOwnAsync();
        await using var store = await OpenAsync(server.SuperuserConnection);
        var first = Next((await store.OpenRunAsync(Pipeline, "a", Ct)).Checkpoint);
        await CommitAsync(store, first);

        server.Stop();
        await server.StartAgainAsync();

        Assert.Equal(CommitOutcome.Committed, await CommitAsync(store, Next(first)));
    }

    [Fact]
    public async Task A_server_that_is_down_is_a_passing_fault_and_the_store_goes_on_when_it_is_back()
    {
        using var server = await PostgreSqlServer.StartOwnAsync();
        await using var store = await OpenAsync(server.SuperuserConnection);
        var first = Next((await store.OpenRunAsync(Pipeline, "a", Ct)).Checkpoint);

        server.Stop();
        var commit = await Assert.ThrowsAsync<ConnectorException>(async () => await CommitAsync(store, first));
        var read = await Assert.ThrowsAsync<ConnectorException>(async () => await store.ReadAsync(Pipeline, Ct));
        var open = await Assert.ThrowsAsync<ConnectorException>(async () => await OpenAsync(server.SuperuserConnection));
        await server.StartAgainAsync();

        Assert.All([commit, read, open], error => Assert.Equal((FaultOwner.External, RetryKind.WithBackoff), (error.Owner, error.Retry.Kind)));
        Assert.StartsWith($"The PostgreSQL database 'postgres' on 127.0.0.1:{server.Port} can't be reached: ", commit.Message);
        Assert.Equal(CommitOutcome.Committed, await CommitAsync(store, first));
    }

    [Fact]
    public async Task No_commit_is_lost_or_stored_twice_while_the_server_crashes_again_and_again()
    {
        using var server = await PostgreSqlServer.StartOwnAsync();
        await using var store = await OpenAsync(server.SuperuserConnection);
        using var stop = new CancellationTokenSource();
        var committed = new StrongBox<int>();

        var commits = CommitUntilAsync(store, committed, stop.Token);
        for (var crash = 0; crash < 4; crash++)
        {
            var before = committed.Value;
            await Eventually.Is(() => Volatile.Read(ref committed.Value) >= before + 100);
            server.Stop();
            await server.StartAgainAsync();
        }

        await stop.CancelAsync();
        await AssertAllThereAsync(store, await commits);
    }

    [Fact]
    public async Task No_commit_is_lost_or_stored_twice_while_connections_are_killed()
    {
        await using var database = await NewDatabaseAsync();
        await using var store = await OpenAsync(database.PooledConnectionString);
        using var stop = new CancellationTokenSource();

        var commits = CommitUntilAsync(store, new StrongBox<int>(), stop.Token);
        for (var kill = 0; kill < 30; kill++)
        {
            await database.ExecuteAsync(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
        }

        await stop.CancelAsync();
        await AssertAllThereAsync(store, await commits);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up()
    {
        await using var database = await NewDatabaseAsync();
        await using var proxy = new TcpFaultProxy((await PostgreSqlServer.GetAsync()).Port);
        var address = new NpgsqlConnectionStringBuilder(Through(proxy, database)) { CommandTimeout = 10, CancellationTimeout = 500 };
        await using var store = await OpenAsync(address.ConnectionString);
        var first = Next((await store.OpenRunAsync(Pipeline, "a", Ct)).Checkpoint);

        proxy.Freeze();
        var error = await Assert.ThrowsAsync<ConnectorException>(async () => await CommitAsync(store, first));
        proxy.Thaw();

        Assert.Equal((FaultOwner.External, RetryKind.WithBackoff), (error.Owner, error.Retry.Kind));
        Assert.Contains("gave no answer in time", error.Message);
    }

    [Fact]
    public async Task A_process_that_freezes_within_a_transaction_does_not_keep_others_from_its_pipeline()
    {
        await using var database = await NewDatabaseAsync();
        await using var store = await OpenAsync(database.PooledConnectionString);
        await store.OpenRunAsync(Pipeline, "a", Ct);
        await using var frozen = await PostgresDatabase.OpenAsync(database.PooledConnectionString, Ct);
        var locked = new TaskCompletionSource();
        var thawed = new TaskCompletionSource();
        var write = frozen.WriteAsync(
            async connection =>
            {
                await connection.ExecuteAsync("update dataflow.pipeline set epoch = 666", [], Ct);
                locked.TrySetResult();
                await thawed.Task;
                return await connection.ExecuteAsync("update dataflow.pipeline set epoch = 667", [], Ct);
            },
            Ct).AsTask();
        await locked.Task;

        var run = await store.OpenRunAsync(Pipeline, "b", Ct);
        thawed.SetResult();

        Assert.Equal(2, run.Checkpoint.Epoch);
        var error = await Assert.ThrowsAsync<ConnectorException>(async () => await write);
        Assert.Equal(FaultOwner.External, error.Owner);
        Assert.Equal(CommitOutcome.Committed, await CommitAsync(store, Next(run.Checkpoint)));
    }

    [Fact]
    public async Task A_transaction_that_got_in_the_way_of_another_is_run_again()
    {
        await using var database = await NewDatabaseAsync();
        await using var store = await OpenAsync(database.PooledConnectionString);
        await FailOnceAsync(database, "pipeline", "40P01");
        var first = Next((await store.OpenRunAsync(Pipeline, "a", Ct)).Checkpoint);
        await FailOnceAsync(database, "split", "40001");

        Assert.Equal(CommitOutcome.Committed, await CommitAsync(store, first));

        Assert.Single(await store.HistoryAsync(Pipeline, 10, Ct));
        Assert.Equal(first.Epoch, (await store.ReadAsync(Pipeline, Ct))!.Checkpoint.Epoch);
    }

    [Fact]
    public async Task A_commit_that_the_server_refuses_does_not_touch_those_that_were_sent_with_it()
    {
        await using var database = await NewDatabaseAsync();
        await using var store = await OpenAsync(database.PooledConnectionString);
        var names = Enumerable.Range(0, 10).Select(i => $"p{i}").ToArray();
        var runs = new Dictionary<string, Checkpoint>();
        foreach (var name in names)
        {
            runs[name] = Next((await store.OpenRunAsync(name, "a", Ct)).Checkpoint);
        }

        await database.ExecuteAsync("alter table dataflow.split add check (pipeline <> 'p3')");

        var commits = names.ToDictionary(name => name, name => CommitAsync(store, runs[name], name).AsTask());

        var error = await Assert.ThrowsAsync<ConnectorException>(async () => await commits["p3"]);
        Assert.Equal(FaultOwner.Internal, error.Owner);
        Assert.All(await Task.WhenAll(commits.Where(commit => commit.Key != "p3").Select(commit => commit.Value)),
            outcome => Assert.Equal(CommitOutcome.Committed, outcome));
    }

    [Fact]
    public async Task Commits_are_flushed_and_transactions_of_frozen_clients_end_whatever_the_database_is_set_to()
    {
        await using var database = await NewDatabaseAsync();
        await database.ExecuteAsync($"alter database {database.Name} set synchronous_commit = off");
        await using var store = await PostgresDatabase.OpenAsync(database.PooledConnectionString, Ct);

        // The second time on the same connection, after it was reset for the pool.
        for (var use = 0; use < 2; use++)
        {
            Assert.Equal(["on"], await ShowAsync("synchronous_commit"));
            Assert.Equal(["15s"], await ShowAsync("idle_in_transaction_session_timeout"));
        }

        async Task<List<string>> ShowAsync(string setting) =>
            await store.RunAsync(connection => connection.RowsAsync(row => row.GetString(0), $"show {setting}", [], Ct), Ct);
    }

    [Fact]
    public async Task Texts_that_PostgreSQL_does_not_take_and_names_longer_than_an_index_entry_come_back()
    {
        await using var database = await NewDatabaseAsync();
        await using var store = await OpenAsync(database.PooledConnectionString);
        var odd = "\0 half \ud83d pair \udc4d, whole \ud83d\udc4d, symbol \u241b0000";
        var random = new Random(1);
        var longest = string.Concat(Enumerable.Range(0, 10_000).Select(_ => (char)random.Next(0x4e00, 0x9fff)));
        var run = await store.OpenRunAsync(Pipeline, odd, Ct);
        var splits = new Dictionary<string, SplitPosition>
        {
            [odd] = new(1, odd),
            [longest] = new(2, ""),
            [longest + "."] = new(3, ""),
        };

        await CommitAsync(store, Next(run.Checkpoint) with { Splits = splits, SinkState = odd });

        var state = (await store.ReadAsync(Pipeline, Ct))!;
        Assert.Equal(splits, state.Checkpoint.Splits);
        Assert.Equal((odd, odd), (state.Checkpoint.SinkState, state.Owner));
    }

    private static async Task<PostgreSqlDatabase> NewDatabaseAsync() => await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();

    private static async Task<PostgresStateStore> OpenAsync(string connectionString) => await PostgresStateStore.OpenAsync(
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = true }.ConnectionString, TimeProvider.System, Ct);

    private static string Through(TcpFaultProxy proxy, PostgreSqlDatabase database) =>
        new NpgsqlConnectionStringBuilder(database.ConnectionString) { Host = "127.0.0.1", Port = proxy.Port }.ConnectionString;

    private static Checkpoint Next(Checkpoint checkpoint) => checkpoint with
    {
        Sequence = checkpoint.Sequence + 1,
        Splits = new Dictionary<string, SplitPosition> { ["s"] = new(checkpoint.Sequence + 1, "") },
        Counters = checkpoint.Counters + new RecordCounters { Delivered = 1 },
    };

    private static ValueTask<CommitOutcome> CommitAsync(IStateStore store, Checkpoint checkpoint, string pipeline = Pipeline) =>
        store.CommitAsync(pipeline, new StateCommit { Checkpoint = checkpoint }, Ct);

    /// <summary>Stores a commit in such a way that the reply still is on the way.</summary>
    private static async Task<Task<CommitOutcome>> CommitUnseenAsync(
        PostgresStateStore store, Checkpoint checkpoint, TcpFaultProxy proxy, PostgreSqlDatabase database)
    {
        await using var other = await database.OpenAsync();
        var transaction = await other.BeginTransactionAsync(Ct);
        await using (var hold = new NpgsqlCommand("select from dataflow.pipeline for update", other, transaction))
        {
            await hold.ExecuteNonQueryAsync(Ct);
        }

        var commit = CommitAsync(store, checkpoint).AsTask();
        await Eventually.Is(async () => await database.RowsAsync(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") is ["1"]);
        proxy.Freeze();
        await transaction.CommitAsync(Ct);
        await Eventually.Is(async () => await database.RowsAsync("select sequence from dataflow.pipeline") is ["1"]);
        Assert.False(commit.IsCompleted);
        return commit;
    }

    private static async Task FailOnceAsync(PostgreSqlDatabase database, string table, string code) => await database.ExecuteAsync(
        $"""
        create sequence {table}_tries;
        create function fail_{table}() returns trigger language plpgsql as $$
          begin if nextval('{table}_tries') = 1 then raise exception 'in the way' using errcode = '{code}'; end if; return new; end $$;
        create trigger fail before insert or update on dataflow.{table} for each row execute function fail_{table}()
        """);

    /// <summary>Commits for many pipelines, each again until it is known to stand.</summary>
    private static async Task<Dictionary<string, long>> CommitUntilAsync(
        PostgresStateStore store, StrongBox<int> committed, CancellationToken stop)
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            var name = $"p{i}";
            var checkpoint = (await RetryAsync(() => store.OpenRunAsync(name, "a", Ct))).Checkpoint;
            while (!stop.IsCancellationRequested)
            {
                checkpoint = Next(checkpoint);
                var outcome = await RetryAsync(() => CommitAsync(store, checkpoint, name));
                Assert.NotEqual(CommitOutcome.Fenced, outcome);
                Interlocked.Increment(ref committed.Value);
            }

            return KeyValuePair.Create(name, checkpoint.Sequence);
        }));
        return counts.ToDictionary();
    }

    private static async Task<T> RetryAsync<T>(Func<ValueTask<T>> call)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (ConnectorException failure) when (failure.Owner == FaultOwner.External)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Ct);
            }
        }
    }

    private static async Task AssertAllThereAsync(PostgresStateStore store, Dictionary<string, long> commits)
    {
        foreach (var (pipeline, count) in commits)
        {
            var checkpoint = (await store.ReadAsync(pipeline, Ct))!.Checkpoint;
            Assert.Equal(count, checkpoint.Sequence);
            Assert.Equal(count, checkpoint.Counters.Delivered);
            Assert.Equal(count, checkpoint.Splits["s"].Offset);
        }
    }
}
