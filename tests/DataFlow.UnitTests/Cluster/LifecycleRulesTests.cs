using DataFlow.Engine.Lifecycle;

namespace DataFlow.UnitTests.Cluster;

public sealed class LifecycleRulesTests
{
    [Theory]
    [InlineData(LifecycleState.Created, LifecycleCommand.Start, LifecycleState.Running)]
    [InlineData(LifecycleState.Running, LifecycleCommand.Pause, LifecycleState.Paused)]
    [InlineData(LifecycleState.Paused, LifecycleCommand.Resume, LifecycleState.Running)]
    [InlineData(LifecycleState.Running, LifecycleCommand.Stop, LifecycleState.Stopped)]
    [InlineData(LifecycleState.Paused, LifecycleCommand.Stop, LifecycleState.Stopped)]
    [InlineData(LifecycleState.Stopped, LifecycleCommand.Start, LifecycleState.Running)]
    [InlineData(LifecycleState.Completed, LifecycleCommand.Start, LifecycleState.Running)]
    [InlineData(LifecycleState.Failed, LifecycleCommand.Recover, LifecycleState.Stopped)]
    public void A_command_leads_to_its_state(LifecycleState from, LifecycleCommand command, LifecycleState to) =>
        Assert.Equal(new LifecycleDecision(to, Refusal: null), LifecycleRules.Decide(from, command));

    [Theory]
    [InlineData(LifecycleState.Paused, LifecycleCommand.Start, "it is paused; resume it.")]
    [InlineData(LifecycleState.Stopped, LifecycleCommand.Resume, "only a paused pipeline is resumed, and it is stopped; start it.")]
    [InlineData(LifecycleState.Created, LifecycleCommand.Pause, "only a running pipeline is paused, and it is created.")]
    [InlineData(LifecycleState.Failed, LifecycleCommand.Start, "it has failed; look at the reason, mend it, and recover the pipeline first.")]
    [InlineData(LifecycleState.Failed, LifecycleCommand.Stop, "it has failed; look at the reason, mend it, and recover the pipeline first.")]
    public void What_makes_no_sense_is_refused_with_what_to_do(LifecycleState from, LifecycleCommand command, string refusal) =>
        Assert.Equal(new LifecycleDecision(Next: null, refusal), LifecycleRules.Decide(from, command));

    [Fact]
    public void Every_command_that_was_carried_out_may_be_repeated()
    {
        foreach (var from in Enum.GetValues<LifecycleState>())
        {
            foreach (var command in Enum.GetValues<LifecycleCommand>())
            {
                if (LifecycleRules.Decide(from, command).Next is { } next)
                {
                    Assert.Equal(next, LifecycleRules.Decide(next, command).Next);
                }
            }
        }
    }

    [Fact]
    public void Definitions_are_changed_only_where_nothing_runs_and_nothing_waits_to_go_on() => Assert.Equal(
        [LifecycleState.Created, LifecycleState.Stopped, LifecycleState.Completed, LifecycleState.Failed],
        Enum.GetValues<LifecycleState>().Where(LifecycleRules.MayChange));
}
