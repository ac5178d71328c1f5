using Akka.Actor;
using Akka.Hosting;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Cluster;

/// <summary>Asks the entities of pipelines, on whichever node they are. What is refused is a <see cref="RefusalException"/>. Thread-safe.</summary>
internal sealed class PipelineEntities(IRequiredActor<PipelineActor> pipelines, TimeProvider time)
{
    // A stop waits for the drain, which takes up to 25 s.
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan BetweenAsks = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StatusTimeout = TimeSpan.FromSeconds(5);

    /// <summary>A pipeline or an instance, with what the node says that runs it.</summary>
    public async Task<PipelineStatus> StatusOfAsync(RegisteredPipeline pipeline, CancellationToken ct) =>
        new(pipeline, pipeline.State == LifecycleState.Running ? await RunOfAsync(pipeline.Name, ct).ConfigureAwait(false) : null);

    /// <summary>Carries out a command on a pipeline or an instance, or on all instances at once.</summary>
    public async Task ExecuteAsync(RegisteredPipeline pipeline, LifecycleCommand command, string by, CancellationToken ct)
    {
        if (pipeline.Instances.Count == 0)
        {
            await AskAsync(new Execute(pipeline.Name, command, by, Guid.NewGuid()), CommandTimeout, ct).ConfigureAwait(false);
            return;
        }

        var answers = await Task.WhenAll(Asked(pipeline).Select(instance => TryAsync(instance, command, by, ct))).ConfigureAwait(false);
        RefusalException[] refusals = [.. answers.OfType<RefusalException>()];
        if (refusals.Length > 0)
        {
            throw new RefusalException(
                refusals.Select(refusal => refusal.Kind).FirstOrDefault(kind => kind != RefusalKind.Unavailable, RefusalKind.Unavailable),
                $"{refusals.Length} of the {pipeline.Instances.Count} instances of pipeline '{pipeline.Name}' did not {command.ToWord()}. "
                    + $"{string.Join(' ', refusals.Select(refusal => refusal.Message))} What the others did stands; giving the command again does the rest.");
        }
    }

    /// <summary>Lets new runs begin with the definition as it is now. Nobody waits for them.</summary>
    public void Restart(RegisteredPipeline pipeline)
    {
        foreach (var entry in pipeline.Entries)
        {
            pipelines.ActorRef.Tell(new Restart(entry.Name));
        }
    }

    // Where some instances have come to the end of their share, commands are about the others: a start would read those shares again.
    private static IReadOnlyList<RegisteredPipeline> Asked(RegisteredPipeline pipeline)
    {
        RegisteredPipeline[] open = [.. pipeline.Instances.Where(instance => instance.State != LifecycleState.Completed)];
        return open.Length > 0 ? open : pipeline.Instances;
    }

    private async Task<RefusalException?> TryAsync(RegisteredPipeline instance, LifecycleCommand command, string by, CancellationToken ct)
    {
        try
        {
            await AskAsync(new Execute(instance.Name, command, by, Guid.NewGuid()), CommandTimeout, ct).ConfigureAwait(false);
            return null;
        }
        catch (RefusalException refusal)
        {
            return refusal;
        }
    }

    private async Task<RunStatus?> RunOfAsync(string name, CancellationToken ct)
    {
        try
        {
            return await AskAsync(new GetStatus(name), StatusTimeout, ct).ConfigureAwait(false);
        }
        catch (RefusalException refusal) when (refusal.Kind == RefusalKind.Unavailable)
        {
            // What the registry holds is worth an answer while the pipeline moves to another node.
            return null;
        }
    }

    private async Task<RunStatus?> AskAsync(IPipelineMessage message, TimeSpan timeout, CancellationToken ct)
    {
        object answer;
        try
        {
            answer = await AnswerToAsync(message, timeout, ct).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            throw new RefusalException(
                RefusalKind.Unavailable,
                $"The node that has pipeline '{message.Pipeline}' has not answered within {timeout.TotalSeconds:0} s. It may have carried out what was asked; asking again does no harm.");
        }

        return answer switch
        {
            StatusReply status => status.Run,
            RefusalReply refusal => throw new RefusalException(refusal.Kind, refusal.Message),
            _ => throw new InvalidOperationException($"A pipeline answered with {answer.GetType()}."),
        };
    }

    /// <summary>
    /// Asks again where no answer comes: a message is lost when the pipeline moves to another node just then. A command that comes to
    /// one entity twice is carried out once.
    /// </summary>
    private async Task<object> AnswerToAsync(IPipelineMessage message, TimeSpan timeout, CancellationToken ct)
    {
        var asked = new List<Task<object>>();
        while (true)
        {
            asked.Add(pipelines.ActorRef.Ask<object>(message, timeout, ct));
            var first = Task.WhenAny(asked);
            if (await Task.WhenAny(first, Task.Delay(BetweenAsks, time, ct)).ConfigureAwait(false) == first)
            {
                return await (await first.ConfigureAwait(false)).ConfigureAwait(false);
            }
        }
    }
}
