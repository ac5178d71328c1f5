using DataFlow.Conformance;
using DataFlow.Engine.State;

namespace DataFlow.UnitTests.State;

public sealed class InMemoryStateStoreTests : StateStoreConformance
{
    protected override ValueTask<IStateStore> CreateStoreAsync() => new(new InMemoryStateStore(Time));
}
