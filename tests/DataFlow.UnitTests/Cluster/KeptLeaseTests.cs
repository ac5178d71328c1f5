using DataFlow.Cluster;

namespace DataFlow.UnitTests.Cluster;

public class KeptLeaseTests
{
    private readonly KeptLease _lease = new("orders");
    private int _changes;

    [Fact]
    public void A_newer_definition_is_told_once()
    {
        _lease.Runs(3, () => _changes++);
        _lease.Confirm(3);
        Assert.Equal(0, _changes);

        _lease.Confirm(4);
        _lease.Confirm(4);
        _lease.Confirm(5);
        Assert.Equal(1, _changes);
    }

    [Fact]
    public void An_answer_from_before_the_change_that_the_run_began_with_tells_nothing()
    {
        _lease.Confirm(3);
        _lease.Runs(4, () => _changes++);
        _lease.Confirm(3);

        Assert.Equal(0, _changes);
    }
}
