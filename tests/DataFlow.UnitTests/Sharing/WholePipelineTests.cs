using DataFlow.Engine.Lifecycle;

namespace DataFlow.UnitTests.Sharing;

/// <summary>How the instances of a pipeline are told as one.</summary>
public class WholePipelineTests
{
    [Theory]
    [InlineData(LifecycleState.Failed, LifecycleState.Running, LifecycleState.Failed, LifecycleState.Completed)]
    [InlineData(LifecycleState.Running, LifecycleState.Completed, LifecycleState.Running, LifecycleState.Paused)]
    [InlineData(LifecycleState.Paused, LifecycleState.Stopped, LifecycleState.Paused, LifecycleState.Completed)]
    [InlineData(LifecycleState.Stopped, LifecycleState.Completed, LifecycleState.Stopped, LifecycleState.Created)]
    [InlineData(LifecycleState.Created, LifecycleState.Completed, LifecycleState.Created, LifecycleState.Completed)]
    [InlineData(LifecycleState.Completed, LifecycleState.Completed, LifecycleState.Completed, LifecycleState.Completed)]
    public void The_state_of_the_whole_is_what_matters_most(LifecycleState whole, LifecycleState first, LifecycleState second, LifecycleState third) =>
        Assert.Equal(whole, WholePipeline.Of(Three(first, second, third)).State);

    [Fact]
    public void It_has_the_pipelines_name_all_instances_in_their_order_and_says_what_they_differ_in()
    {
        var instances = Three(LifecycleState.Running, LifecycleState.Failed, LifecycleState.Running);
        instances[1] = instances[1] with { Reason = "The disk is full.", Updated = DateTimeOffset.UnixEpoch.AddDays(2) };

        var whole = WholePipeline.Of(instances.Reverse());

        Assert.Equal(("orders", null, null, 4L, 3), (whole.Name, whole.InstanceOf, whole.Instance, whole.Version, whole.InstanceCount));
        Assert.Equal(["orders.1", "orders.2", "orders.3"], whole.Instances.Select(instance => instance.Name));
        Assert.Equal("1 failed, 2 running. orders.2: The disk is full.", whole.Reason);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddDays(2), whole.Updated);
        Assert.Equal(whole.Instances, whole.Entries);
    }

    [Fact]
    public void There_is_nothing_to_say_while_all_are_alike() =>
        Assert.Null(WholePipeline.Of(Three(LifecycleState.Running, LifecycleState.Running, LifecycleState.Running)).Reason);

    [Fact]
    public void A_list_has_each_pipeline_once_by_name()
    {
        var alone = Entry("items", LifecycleState.Stopped);

        var all = WholePipeline.All([.. Three(LifecycleState.Running, LifecycleState.Running, LifecycleState.Running), alone]);

        Assert.Equal(["items", "orders"], all.Select(pipeline => pipeline.Name));
        Assert.Equal(alone, all[0]);
        Assert.Equal(alone, Assert.Single(all[0].Entries));
    }

    private static RegisteredPipeline[] Three(params LifecycleState[] states) =>
        [.. states.Select((state, index) => Entry($"orders.{index + 1}", state) with { InstanceOf = "orders", Instance = index + 1, InstanceCount = 3 })];

    private static RegisteredPipeline Entry(string name, LifecycleState state) => new()
    {
        Name = name,
        Definition = "text",
        Path = "/flows/orders.yaml",
        Version = 4,
        State = state,
        Updated = DateTimeOffset.UnixEpoch,
    };
}
