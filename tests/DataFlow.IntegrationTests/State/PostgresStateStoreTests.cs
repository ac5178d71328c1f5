using DataFlow.Conformance;
using DataFlow.Engine.State;

namespace DataFlow.IntegrationTests.State;

public sealed class PostgresStateStoreTests : StateStoreConformance
{
    private PostgreSqlDatabase? _database;

    protected override async ValueTask<IStateStore> CreateStoreAsync()
    {
        _database = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        return await PostgresStateStore.OpenAsync(_database.PooledConnectionString, Time, Ct);
    }

    protected override ValueTask CleanUpAsync() => _database!.DisposeAsync();
}
