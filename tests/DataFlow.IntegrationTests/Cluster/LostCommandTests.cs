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
