using DataFlow.Engine.State;

namespace DataFlow.UnitTests.State;

public sealed class InMemoryStateStoreTests : StateStoreContract
{
    protected override IStateStore CreateStore() => new InMemoryStateStore(Time);
}
