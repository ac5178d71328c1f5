using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.IntegrationTests.State;

/// <summary>
/// A state that is copied while a pipeline runs, and put back after the pipeline has gone on: the sink is effectively-once, so that
/// its table holds every row once all the same.
/// </summary>
public sealed class BackupTests
{
    private const int Rows = 20_000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_older_SQLite_state_that_is_put_back_loses_and_doubles_nothing_in_the_sink()
    {
        await using var database = await PrepareAsync();
        using var folder = Folder(database);
        using var process = Cli.Start(folder.Path, ["run", "copy.yaml", "--until", "forever"]);
        var run = Cli.FinishAsync(process);
        await Eventually.Is(async () => run.IsCompleted || await CountAsync(database) > 0);
        var copied = await Cli.RunAsync(folder.Path, "state", "backup", "copy.db");
        copied.Succeeded();
        Assert.Equal("State copied to copy.db.", copied.Out.Trim());
        await AddRowsAsync(database, Rows);
        await Eventually.Is(async () => run.IsCompleted || await CountAsync(database) == Rows + 500);
        process.Kill();
        Assert.Equal(CliResult.Killed, (await run).ExitCode);

        Directory.Delete(folder[".dataflow"], recursive: true);
        Directory.CreateDirectory(folder[".dataflow"]);
        File.Move(folder["copy.db"], folder[".dataflow/state.db"]);
        await AddRowsAsync(database, Rows + 500);
        (await Cli.RunAsync(folder.Path, "run", "copy.yaml", "--until", "caught-up")).Succeeded();

        await AssertSameAsync(database);
        var shown = await Cli.RunAsync(folder.Path, "state", "show", "copy.yaml");
        Assert.Contains("21,000 read = 21,000 delivered + 0 filtered + 0 dead letters + 0 unaccounted", shown.Out);
    }

    [Fact]
    public async Task An_older_PostgreSQL_state_that_is_put_back_loses_and_doubles_nothing_in_the_sink()
    {
        await using var database = await PrepareAsync();
        await using var service = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        using var folder = Folder(database);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var run = RunAsync(folder, service, DataFlow.Until.Forever, stop.Token);
        await Eventually.Is(async () => run.IsCompleted || await CountAsync(database) > 0);
        await PostgreSqlServer.RunProgramAsync("pg_dump", service, "--schema=dataflow", "--format=custom", $"--file={folder["state.dump"]}");
        await AddRowsAsync(database, Rows);
        await Eventually.Is(async () => run.IsCompleted || await CountAsync(database) == Rows + 500);
        await stop.CancelAsync();
        Assert.Equal(RunState.Stopped, await run);

        await PostgreSqlServer.RunProgramAsync(
            "pg_restore", service, $"--dbname={service.Name}", "--clean", "--if-exists", "--single-transaction", folder["state.dump"]);
        await AddRowsAsync(database, Rows + 500);
        Assert.Equal(RunState.Completed, await RunAsync(folder, service, DataFlow.Until.CaughtUp, Ct));

        await AssertSameAsync(database);
        await using var store = await OpenAsync(service);
        Assert.Equal(Rows + 1000, (await store.State.ReadAsync("copy", Ct))!.Checkpoint.Counters.Delivered);
    }

    private static async Task<RunState> RunAsync(TemporaryFolder folder, PostgreSqlDatabase service, DataFlow.Until until, CancellationToken stop)
    {
        await using var store = await OpenAsync(service);
        var definition = PipelineFile.Load(folder["copy.yaml"], BuiltInCatalogue.Instance) with { Until = until };
        var runner = new PipelineRunner(definition.ToSpec(), store.State, TimeProvider.System, NullLogger.Instance);
        var outcome = await runner.RunAsync(stop);
        Assert.Null(outcome.Error);
        return outcome.State;
    }

    private static async Task<PostgresServiceStore> OpenAsync(PostgreSqlDatabase service) =>
        await PostgresServiceStore.OpenAsync(service.PooledConnectionString, TimeProvider.System, Ct);

    private static async Task<PostgreSqlDatabase> PrepareAsync()
    {
        var database = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        await database.ExecuteAsync(
            $"""
            CREATE TABLE source (id bigint PRIMARY KEY, text text);
            CREATE TABLE target (LIKE source);
            INSERT INTO source SELECT n, 'row ' || n FROM generate_series(1, {Rows}) n
            """);
        return database;
    }

    private static TemporaryFolder Folder(PostgreSqlDatabase database)
    {
        var folder = new TemporaryFolder();
        folder.Write(
            "copy.yaml",
            $$"""
            name: copy
            source:
              type: database
              connection: {{database.JdbcUrl}}
              options:
                username: postgres
                password: {{PostgreSqlServer.Password}}
                query: SELECT * FROM source WHERE id > ?
                incremental-column: id
                incremental-type: id
              batch-size: 200
              poll-interval-ms: 50
            sink:
              type: database
              connection: {{database.JdbcUrl}}
              options: { username: postgres, password: "{{PostgreSqlServer.Password}}", table: target }
            delivery: effectively-once
            commit-interval: 20ms
            """);
        return folder;
    }

    private static Task AddRowsAsync(PostgreSqlDatabase database, int after) => database.ExecuteAsync(
        $"INSERT INTO source SELECT n, 'row ' || n FROM generate_series({after + 1}, {after + 500}) n");

    private static async Task<long> CountAsync(PostgreSqlDatabase database) => long.Parse((await database.RowsAsync("SELECT count(*) FROM target"))[0]);

    private static async Task AssertSameAsync(PostgreSqlDatabase database) => Assert.Equal(
        await database.RowsAsync("SELECT id, text FROM source ORDER BY id"),
        await database.RowsAsync("SELECT id, text FROM target ORDER BY id"));
}
