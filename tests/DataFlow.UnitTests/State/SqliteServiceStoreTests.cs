using DataFlow.Conformance;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using Microsoft.Data.Sqlite;

namespace DataFlow.UnitTests.State;

public sealed class SqliteServiceStoreTests : ServiceStoreConformance
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_run_of_one_pipeline_and_a_service_use_the_same_file()
    {
        await AddAsync();
        await using var run = SqliteStateStore.Open(_folder.Path, Time);

        var opened = await run.OpenRunAsync(Pipeline, "process 1", Ct);
        await run.CommitAsync(Pipeline, new StateCommit { Checkpoint = opened.Checkpoint with { Sequence = 1 } }, Ct);

        Assert.Equal(1, (await Store.State.ReadAsync(Pipeline, Ct))!.Checkpoint.Sequence);
        Assert.Equal(
            [HistoryEvent.RunStarted, HistoryEvent.Created],
            (await Store.State.HistoryAsync(Pipeline, 10, Ct)).Select(entry => entry.Event));
    }

    [Fact]
    public async Task A_state_database_from_before_the_service_gets_its_tables_and_keeps_its_state()
    {
        using var old = new TemporaryFolder();
        await using (var connection = new SqliteConnection($"Data Source={old.File("state.db")};Pooling=False"))
        {
            await connection.OpenAsync(Ct);
            connection.Execute(SqliteSchema.Migrations[0]);
            connection.Execute("pragma application_id = 0x44467374; pragma user_version = 1");
            connection.Execute("insert into pipeline values ('users', 1, 7, 3, 0, 0, 0, 0, 0, 0, 0, null, null, null, 0)");
        }

        await using var store = SqliteServiceStore.Open(old.Path, Time);

        Assert.True(await store.Pipelines.AddAsync(Pipeline, 1, Definition, "/srv", "ann", Ct));
        Assert.Equal(8, (await store.State.OpenRunAsync(Pipeline, NodeA, Ct)).Checkpoint.Epoch);
    }

    [Fact]
    public async Task Pipelines_of_before_there_were_instances_run_as_one()
    {
        using var old = new TemporaryFolder();
        await using (var connection = new SqliteConnection($"Data Source={old.File("state.db")};Pooling=False"))
        {
            await connection.OpenAsync(Ct);
            connection.Execute(SqliteSchema.Migrations[0]);
            connection.Execute(SqliteSchema.Migrations[1]);
            connection.Execute("pragma application_id = 0x44467374; pragma user_version = 2");
            connection.Execute("insert into pipeline_registry values ('users', 'text', '/srv', 7, 'Running', null, 0)");
        }

        await using var store = SqliteServiceStore.Open(old.Path, Time);

        var found = (await store.Pipelines.FindWholeAsync(Pipeline, Ct))!;
        Assert.Equal((Pipeline, 7L, LifecycleState.Running, 1, null), (found.Name, found.Version, found.State, found.InstanceCount, found.InstanceOf));
    }

    protected override ValueTask<IServiceStore> OpenStoreAsync() => new(SqliteServiceStore.Open(_folder.Path, Time));

    protected override ValueTask LetPassAsync(TimeSpan time)
    {
        Time.Advance(time);
        return ValueTask.CompletedTask;
    }

    protected override ValueTask CleanUpAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
