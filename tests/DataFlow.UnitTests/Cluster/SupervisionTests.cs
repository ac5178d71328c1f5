using DataFlow.Cluster;

namespace DataFlow.UnitTests.Cluster;

public sealed class SupervisionTests
{
    private static readonly ConnectorException Users = ConnectorException.User("The password is wrong.");
    private static readonly ConnectorException External = ConnectorException.External("The database is away.");
    private static readonly InvalidOperationException Ours = new("A bug.");

    [Fact]
    public void What_somebody_has_to_mend_is_not_tried_again() => Assert.Null(new Supervision().Next(Users));

    [Fact]
    public void A_fault_of_ours_is_tried_again_five_times_with_growing_pauses()
    {
        var supervision = new Supervision();
        Assert.Equal([1, 2, 4, 8, 16], Enumerable.Range(0, 5).Select(_ => supervision.Next(Ours)!.Value.TotalSeconds));
        Assert.Null(supervision.Next(Ours));
        Assert.Equal(5, supervision.Restarts);
    }

    [Fact]
    public void Progress_makes_the_next_failure_a_new_one()
    {
        var supervision = new Supervision();
        for (var failure = 0; failure < Supervision.MostRestarts; failure++)
        {
            supervision.Next(Ours);
        }

        supervision.Reset();
        Assert.Equal(TimeSpan.FromSeconds(1), supervision.Next(Ours));
    }

    [Fact]
    public void The_other_side_is_waited_for_without_end_and_asked_once_a_minute()
    {
        var supervision = new Supervision();
        var pauses = Enumerable.Range(0, 100).Select(_ => supervision.Next(External)).ToList();
        Assert.DoesNotContain(null, pauses);
        Assert.Equal(TimeSpan.FromMinutes(1), pauses[^1]);
    }
}
