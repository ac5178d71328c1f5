using System.Globalization;
using DataFlow.Conformance;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.IntegrationTests.State;

public sealed class PostgresServiceStoreTests : ServiceStoreConformance
{
    private PostgreSqlDatabase? _database;

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
