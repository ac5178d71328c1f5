using System.Globalization;
using DataFlow.Conformance;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.IntegrationTests.State;

public sealed class PostgresServiceStoreTests : ServiceStoreConformance
{
    private PostgreSqlDatabase? _database;

    [Fact]
    public async Task Pipelines_of_before_there_were_instances_run_as_one_and_nodes_of_that_time_go_on()
    {
        await using var old = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        await old.ExecuteAsync($"{PostgresSchema.Foundation}; {PostgresSchema.Migrations[0]}; insert into dataflow.schema_version values (1, now())");
        await old.ExecuteAsync(AsItWasAdded("users"));

        await using var store = await PostgresServiceStore.OpenAsync(old.PooledConnectionString, Time, Ct);
        await old.ExecuteAsync(AsItWasAdded("items"));

        foreach (var name in (string[])["users", "items"])
        {
            var found = (await store.Pipelines.FindWholeAsync(name, Ct))!;
            Assert.Equal((name, 7L, LifecycleState.Running, 1, null), (found.Name, found.Version, found.State, found.InstanceCount, found.InstanceOf));
        }

        static string AsItWasAdded(string name) => $"insert into dataflow.pipeline_registry values ('{name}', 'text', '/srv', 7, 'Running', null, now())";
    }

    protected override async ValueTask<IServiceStore> OpenStoreAsync()
    {
        _database ??= await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        return await PostgresServiceStore.OpenAsync(_database.PooledConnectionString, Time, Ct);
    }

    // The clock is the server's: what would end later ends earlier.
    protected override async ValueTask LetPassAsync(TimeSpan time)
    {
        var passed = time.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        await _database!.ExecuteAsync(
            $"""
            update dataflow.lease set held_until = held_until - interval '{passed} seconds';
            update dataflow.node set there_until = there_until - interval '{passed} seconds'
            """);
    }

    protected override ValueTask CleanUpAsync() => _database!.DisposeAsync();
}
