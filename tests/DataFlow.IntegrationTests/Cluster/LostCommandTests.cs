using Akka.Actor;
using Akka.Hosting;
using DataFlow.Cluster;
using DataFlow.Engine.Lifecycle;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.IntegrationTests.Cluster;

/// <summary>A command that gets lost on its way, as it may while its pipeline moves to another node.</summary>
public sealed class LostCommandTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task A_command_that_nobody_answers_is_given_again()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        await node.Pipelines.AddAsync("lost", "name: lost\nsource: { type: test }\nsink: { type: \"null\" }\n", path: null, TestNode.By, default);
        var time = new FakeTimeProvider();
        var pipelines = node.Services.GetRequiredService<IRequiredActor<PipelineActor>>();
        var forgetful = node.Services.GetRequiredService<ActorSystem>().ActorOf(
            Props.Create(() => new ForgetfulActor(pipelines.ActorRef, () => time.Advance(TimeSpan.FromSeconds(5)))));
        var service = new PipelineService(
            node.Store,
            new Required(forgetful),
            node.Services.GetRequiredService<DefinitionReader>(),
            node.Services.GetRequiredService<Node>(),
            node.Services.GetRequiredService<Members>(),
            time,
            NullLogger<PipelineService>.Instance);

        var status = await service.ExecuteAsync("lost", LifecycleCommand.Start, TestNode.By, default);

        Assert.Equal(LifecycleState.Running, status.Pipeline.State);
        await node.Pipelines.ExecuteAsync("lost", LifecycleCommand.Stop, TestNode.By, default);
    }

    [Fact]
    public async Task A_copy_of_a_command_that_comes_after_a_later_command_is_not_carried_out()
    {
        using var folder = new TemporaryFolder();
        await using var node = await TestNode.StartAsync(folder.Path);
        await node.Pipelines.AddAsync("copied", "name: copied\nsource: { type: test }\nsink: { type: \"null\" }\n", path: null, TestNode.By, default);
        await node.Pipelines.ExecuteAsync("copied", LifecycleCommand.Start, TestNode.By, default);
        var entities = node.Services.GetRequiredService<IRequiredActor<PipelineActor>>().ActorRef;
        var stop = new Execute("copied", LifecycleCommand.Stop, TestNode.By, Guid.NewGuid());
        await entities.Ask<StatusReply>(stop, Patience);
        await node.Pipelines.ExecuteAsync("copied", LifecycleCommand.Start, TestNode.By, default);

        await entities.Ask<StatusReply>(stop, Patience);

        Assert.Equal(LifecycleState.Running, (await node.Pipelines.GetAsync("copied", default)).Pipeline.State);
        await node.Pipelines.ExecuteAsync("copied", LifecycleCommand.Stop, TestNode.By, default);
    }

    /// <summary>Loses the first message and hands on the others. Time passes until the second one comes.</summary>
    private sealed class ForgetfulActor : ReceiveActor
    {
        private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(20);

        public ForgetfulActor(IActorRef next, Action timePasses)
        {
            ICancelable? clock = null;
            ReceiveAny(message =>
            {
                if (clock is null)
                {
                    clock = Context.System.Scheduler.Advanced.ScheduleRepeatedlyCancelable(Moment, Moment, timePasses);
                    return;
                }

                clock.Cancel();
                next.Forward(message);
            });
        }
    }

    private sealed class Required(IActorRef actor) : IRequiredActor<PipelineActor>
    {
        public IActorRef ActorRef => actor;

        public Task<IActorRef> GetAsync(CancellationToken cancellationToken = default) => Task.FromResult(actor);
    }
}
