using Akka.Actor;
using Akka.Hosting;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>
/// The pipelines of the service, from any of its nodes. What is refused is a <see cref="RefusalException"/>, a definition that
/// does not validate a <see cref="Engine.Configuration.ConfigurationException"/>, a store that can't be reached a
/// <see cref="ConnectorException"/>. Thread-safe.
/// </summary>
public sealed class PipelineService
{
    // A stop waits for the drain, which takes up to 25 s.
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan BetweenAsks = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StatusTimeout = TimeSpan.FromSeconds(5);

    private readonly IServiceStore _store;
    private readonly IRequiredActor<PipelineActor> _pipelines;
    private readonly DefinitionReader _definitions;
    private readonly Node _node;
    private readonly Members _members;
    private readonly TimeProvider _time;
    private readonly ILogger<PipelineService> _logger;

    internal PipelineService(
        IServiceStore store,
        IRequiredActor<PipelineActor> pipelines,
        DefinitionReader definitions,
        Node node,
        Members members,
        TimeProvider time,
        ILogger<PipelineService> logger)
    {
        _store = store;
        _pipelines = pipelines;
        _definitions = definitions;
        _node = node;
        _members = members;
        _time = time;
        _logger = logger;
    }

    /// <summary>Adds a pipeline; it is not started.</summary>
    /// <param name="name">Its name; the definition must have the same.</param>
    /// <param name="definition">The text of its pipeline file.</param>
    /// <param name="path">Where the file stands; null for one that came over the API.</param>
    /// <param name="by">Who asks, for the history.</param>
    /// <param name="ct">Gives up waiting.</param>
    public async Task<RegisteredPipeline> AddAsync(string name, string definition, string? path, string by, CancellationToken ct)
    {
        var fullPath = _definitions.PathOf(name, path);
        _definitions.Read(name, definition, fullPath);
        return await _store.Pipelines.AddAsync(name, definition, fullPath, by, ct).ConfigureAwait(false)
            ? await FindAsync(name, ct).ConfigureAwait(false)
            : throw new RefusalException(RefusalKind.AlreadyExists, $"There is a pipeline '{name}' already; change it, or give the new one another name.");
    }

    /// <summary>All pipelines, by name, as the registry holds them.</summary>
    public async Task<IReadOnlyList<RegisteredPipeline>> ListAsync(CancellationToken ct) =>
        await _store.Pipelines.ListAsync(ct).ConfigureAwait(false);

    /// <summary>A pipeline as the registry holds it, also while it moves from one node to another.</summary>
    public async Task<RegisteredPipeline> FindAsync(string name, CancellationToken ct) =>
        await _store.Pipelines.FindAsync(name, ct).ConfigureAwait(false) ?? throw NotFound(name);

    /// <summary>A pipeline, with what the node says that runs it.</summary>
    public async Task<PipelineStatus> GetAsync(string name, CancellationToken ct)
    {
        var pipeline = await FindAsync(name, ct).ConfigureAwait(false);
        return new PipelineStatus(pipeline, pipeline.State == LifecycleState.Running ? await RunOfAsync(name, ct).ConfigureAwait(false) : null);
    }

    /// <summary>Reads and checks the definition of a pipeline, as whoever runs it would.</summary>
    public PipelineDefinition Read(RegisteredPipeline pipeline) => _definitions.Read(pipeline);

    /// <summary>Says what it would mean to give a pipeline another definition. Changes nothing.</summary>
    public async Task<PipelinePlan> PlanAsync(string name, string definition, CancellationToken ct)
    {
        var pipeline = await FindAsync(name, ct).ConfigureAwait(false);
        var proposed = _definitions.Read(name, definition, pipeline.Path);
        var state = await _store.State.ReadAsync(name, ct).ConfigureAwait(false);
        return PipelinePlan.Compare(ReadIfValid(pipeline), proposed, state?.SourceFingerprint);
    }

    // What it refers to may be gone; whoever mends that must not be kept from it.
    private PipelineDefinition? ReadIfValid(RegisteredPipeline pipeline)
    {
        try
        {
            return _definitions.Read(pipeline);
        }
        catch (ConfigurationException)
        {
            return null;
        }
    }

    /// <summary>Carries out a command. Stop and pause answer when the run has ended in order.</summary>
    public async Task<PipelineStatus> ExecuteAsync(string name, LifecycleCommand command, string by, CancellationToken ct)
    {
        var run = await AskAsync(new Execute(name, command, by), CommandTimeout, ct).ConfigureAwait(false);
        return new PipelineStatus(await FindAsync(name, ct).ConfigureAwait(false), run);
    }

    /// <summary>Replaces the definition of a pipeline that does not run.</summary>
    public async Task<RegisteredPipeline> ChangeAsync(string name, long expectedVersion, string definition, string by, CancellationToken ct)
    {
        var pipeline = await FindAsync(name, ct).ConfigureAwait(false);
        _definitions.Read(name, definition, pipeline.Path);
        Check(name, await _store.Pipelines.ChangeAsync(name, expectedVersion, definition, whileRunning: false, by, ct).ConfigureAwait(false), "changed");
        return await FindAsync(name, ct).ConfigureAwait(false);
    }

    /// <summary>Replaces the definition of a pipeline that runs. It is running all the time: its run ends in order and another begins.</summary>
    public async Task ChangeRunningAsync(string name, long expectedVersion, string definition, string by, CancellationToken ct)
    {
        var pipeline = await FindAsync(name, ct).ConfigureAwait(false);
        _definitions.Read(name, definition, pipeline.Path);
        Check(name, await _store.Pipelines.ChangeAsync(name, expectedVersion, definition, whileRunning: true, by, ct).ConfigureAwait(false), "changed");
        _pipelines.ActorRef.Tell(new Restart(name));
    }

    /// <summary>Takes a pipeline out that does not run, with its state and dead letters. Its history stays.</summary>
    public async Task RemoveAsync(string name, long? expectedVersion, string by, CancellationToken ct)
    {
        var held = await HoldAsync(name, ct).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            Check(name, await _store.Pipelines.RemoveAsync(name, expectedVersion, by, ct).ConfigureAwait(false), "removed");
        }
    }

    /// <summary>Starts the state of a pipeline over that does not run.</summary>
    public async Task ResetAsync(string name, bool keepDeadLetters, string by, CancellationToken ct)
    {
        var held = await HoldIdleAsync(name, "reset", ct).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            await _store.State.ResetAsync(name, by, !keepDeadLetters, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Makes the next run of a pipeline that does not run go on elsewhere in one split.</summary>
    public async Task SeekAsync(string name, string split, SplitPosition position, string by, CancellationToken ct)
    {
        var held = await HoldIdleAsync(name, "moved", ct).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            await _store.State.SeekAsync(name, split, position, by, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Runs dead letters of a pipeline that does not run through its transforms and sink again, on this node.</summary>
    public async Task<PipelineOutcome> ReplayAsync(string name, DeadLetterFilter filter, string by, CancellationToken ct)
    {
        var held = await HoldIdleAsync(name, "replayed", ct).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            var definition = _definitions.Read(await FindAsync(name, ct).ConfigureAwait(false));
            var spec = definition.ToReplaySpec(name, _store.State, filter)
                ?? throw new RefusalException(RefusalKind.Invalid, $"Dead letters of a {definition.Source.Definition.Name} source can't be read again.");
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, held.Lost);
            var outcome = await new PipelineRunner(spec with { Owner = _node.By, StateFolder = _node.Options.StateFolder }, _store.State, _time, _logger)
                .RunAsync(stop.Token).ConfigureAwait(false);
            await _store.State.AddHistoryAsync(name, HistoryEvent.Replay, by, $"{outcome.Run.Delivered} delivered", CancellationToken.None).ConfigureAwait(false);
            return outcome;
        }
    }

    /// <summary>Deletes dead letters of a pipeline that pass a filter, and tells its history.</summary>
    /// <returns>How many were deleted.</returns>
    public async Task<long> DeleteDeadLettersAsync(string name, DeadLetterFilter filter, string by, CancellationToken ct)
    {
        await FindAsync(name, ct).ConfigureAwait(false);
        var deleted = await _store.State.DeadLetters.DeleteAsync(name, filter, ct).ConfigureAwait(false);
        if (deleted > 0)
        {
            await _store.State.AddHistoryAsync(name, HistoryEvent.DeadLettersDeleted, by, $"{deleted} deleted ({filter})", CancellationToken.None).ConfigureAwait(false);
        }

        return deleted;
    }

    /// <summary>The nodes that are there.</summary>
    public async Task<IReadOnlyList<NodeStatus>> NodesAsync(CancellationToken ct)
    {
        var nodes = await _store.Nodes.ListAsync(ct).ConfigureAwait(false);
        var pipelines = await _store.Pipelines.ListAsync(ct).ConfigureAwait(false);
        return
        [
            .. nodes.Select(node => new NodeStatus(
                node,
                _members.StatusOf(node.Name),
                node.Incarnation == _node.Self.Incarnation,
                pipelines.Count(pipeline => pipeline.State == LifecycleState.Running && pipeline.Owner == node.Incarnation))),
        ];
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
    /// Asks again where no answer comes: a message is lost when the pipeline moves to another node just then. Every message may be
    /// carried out twice.
    /// </summary>
    private async Task<object> AnswerToAsync(IPipelineMessage message, TimeSpan timeout, CancellationToken ct)
    {
        var asked = new List<Task<object>>();
        while (true)
        {
            asked.Add(_pipelines.ActorRef.Ask<object>(message, timeout, ct));
            var first = Task.WhenAny(asked);
            if (await Task.WhenAny(first, Task.Delay(BetweenAsks, _time, ct)).ConfigureAwait(false) == first)
            {
                return await (await first.ConfigureAwait(false)).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Holds a pipeline that neither runs nor is meant to, so that nobody starts it meanwhile.</summary>
    private async Task<HeldPipeline> HoldIdleAsync(string name, string participle, CancellationToken ct)
    {
        var held = await HoldAsync(name, ct).ConfigureAwait(false);
        try
        {
            var pipeline = await FindAsync(name, ct).ConfigureAwait(false);
            return pipeline.State != LifecycleState.Running ? held : throw MustNotRun(name, participle, pipeline.State);
        }
        catch
        {
            await held.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<HeldPipeline> HoldAsync(string name, CancellationToken ct)
    {
        await FindAsync(name, ct).ConfigureAwait(false);
        return await HeldPipeline.TryTakeAsync(name, _node, _store.Leases, _time, ct).ConfigureAwait(false)
            ?? throw new RefusalException(RefusalKind.WrongState, $"Pipeline '{name}' runs, or is being worked on by somebody else; stop it first.");
    }

    private static void Check(string name, RegistryOutcome outcome, string participle)
    {
        switch (outcome)
        {
            case RegistryOutcome.NotFound:
                throw NotFound(name);
            case RegistryOutcome.WrongVersion:
                throw new RefusalException(RefusalKind.WrongVersion, $"Pipeline '{name}' was changed by somebody else in between; read it again and decide anew.");
            case RegistryOutcome.WrongState:
                throw MustNotRun(name, participle, state: null);
        }
    }

    private static RefusalException NotFound(string name) => new(RefusalKind.NotFound, $"There is no pipeline '{name}'.");

    private static RefusalException MustNotRun(string name, string participle, LifecycleState? state) => new(
        RefusalKind.WrongState, $"Pipeline '{name}' can't be {participle} while it is {state?.ToWord() ?? "running or paused"}; stop it first.");
}
