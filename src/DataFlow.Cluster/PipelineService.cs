using Akka.Hosting;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>
/// The pipelines of the service, from any of its nodes. What is asked of a pipeline with several instances is done with all of them; one
/// of them is named like <c>orders.2</c>. What is refused is a <see cref="RefusalException"/>, a definition that does not validate a
/// <see cref="Engine.Configuration.ConfigurationException"/>, a store that can't be reached a <see cref="ConnectorException"/>.
/// Thread-safe.
/// </summary>
public sealed class PipelineService
{
    private readonly IServiceStore _store;
    private readonly PipelineEntities _entities;
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
        _entities = new PipelineEntities(pipelines, time);
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
        var instances = _definitions.Read(name, definition, fullPath).Instances;
        return await _store.Pipelines.AddAsync(name, instances, definition, fullPath, by, ct).ConfigureAwait(false)
            ? await FindAsync(name, ct).ConfigureAwait(false)
            : throw (await _store.Pipelines.FindWholeAsync(name, ct).ConfigureAwait(false)) switch
            {
                null when instances > 1 => InstanceNameTaken(name, instances),
                { InstanceOf: { } whole } => new RefusalException(
                    RefusalKind.AlreadyExists, $"Pipeline '{whole}' has an instance '{name}' already; give the new pipeline another name."),
                _ => new RefusalException(
                    RefusalKind.AlreadyExists, $"There is a pipeline '{name}' already; change it, or give the new one another name."),
            };
    }

    /// <summary>All pipelines, by name, as the registry holds them.</summary>
    public async Task<IReadOnlyList<RegisteredPipeline>> ListAsync(CancellationToken ct) =>
        WholePipeline.All(await _store.Pipelines.ListAsync(ct).ConfigureAwait(false));

    /// <summary>A pipeline or an instance, with what the nodes say that run it.</summary>
    public async Task<PipelineStatus> GetAsync(string name, CancellationToken ct)
    {
        var pipeline = await FindAsync(name, ct).ConfigureAwait(false);
        if (pipeline.Instances.Count == 0)
        {
            return await _entities.StatusOfAsync(pipeline, ct).ConfigureAwait(false);
        }

        var instances = await Task.WhenAll(pipeline.Instances.Select(instance => _entities.StatusOfAsync(instance, ct))).ConfigureAwait(false);
        return new PipelineStatus(pipeline, Run: null) { Instances = instances };
    }

    /// <summary>A pipeline that runs as one, or an instance: what has a run and a state of its own.</summary>
    public async Task<RegisteredPipeline> FindSingleAsync(string name, CancellationToken ct)
    {
        var pipeline = await FindAsync(name, ct).ConfigureAwait(false);
        return pipeline.Instances.Count == 0
            ? pipeline
            : throw new RefusalException(
                RefusalKind.WrongState,
                $"Pipeline '{name}' runs as {pipeline.Instances.Count} instances, each with a state of its own; say which one is meant: "
                    + $"{string.Join(", ", pipeline.Instances.Select(instance => instance.Name))}.");
    }

    /// <summary>Reads and checks the definition of a pipeline, as whoever runs it would.</summary>
    public PipelineDefinition Read(RegisteredPipeline pipeline) => _definitions.Read(pipeline);

    /// <summary>Says what it would mean to give a pipeline another definition. Changes nothing.</summary>
    public async Task<PipelinePlan> PlanAsync(string name, string definition, CancellationToken ct)
    {
        var pipeline = await FindToChangeAsync(name, ct).ConfigureAwait(false);
        var proposed = _definitions.Read(name, definition, pipeline.Path);
        return PipelinePlan.Compare(ReadIfValid(pipeline), proposed, await FingerprintsAsync(pipeline, ct).ConfigureAwait(false));
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

    private async Task<IReadOnlyList<string?>> FingerprintsAsync(RegisteredPipeline pipeline, CancellationToken ct)
    {
        var stored = new List<string?>();
        foreach (var entry in pipeline.Entries)
        {
            stored.Add((await _store.State.ReadAsync(entry.Name, ct).ConfigureAwait(false))?.SourceFingerprint);
        }

        return stored;
    }

    /// <summary>
    /// Carries out a command. Stop and pause answer when the run has ended in order. Instances are asked all at once; when some refuse,
    /// what the others did stands.
    /// </summary>
    public async Task<PipelineStatus> ExecuteAsync(string name, LifecycleCommand command, string by, CancellationToken ct)
    {
        await _entities.ExecuteAsync(await FindAsync(name, ct).ConfigureAwait(false), command, by, ct).ConfigureAwait(false);
        return await GetAsync(name, ct).ConfigureAwait(false);
    }

    /// <summary>Replaces the definition of a pipeline that does not run.</summary>
    public async Task<RegisteredPipeline> ChangeAsync(string name, long expectedVersion, string definition, string by, CancellationToken ct)
    {
        var pipeline = await FindToChangeAsync(name, ct).ConfigureAwait(false);
        var proposed = _definitions.Read(name, definition, pipeline.Path);
        if (proposed.Instances == pipeline.InstanceCount)
        {
            await ChangeAsync(proposed, expectedVersion, definition, whileRunning: false, by, ct).ConfigureAwait(false);
        }
        else
        {
            var held = await HoldIdleAsync(pipeline, "changed", ct).ConfigureAwait(false);
            await using (held.ConfigureAwait(false))
            {
                await CheckNumberAsync(pipeline, proposed, ct).ConfigureAwait(false);
                await ChangeAsync(proposed, expectedVersion, definition, whileRunning: false, by, ct).ConfigureAwait(false);
            }
        }

        return await FindAsync(name, ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Replaces the definition of a pipeline that runs, but not the number of its instances. It is running all the time: its run ends in
    /// order and another begins.
    /// </summary>
    public async Task ChangeRunningAsync(string name, long expectedVersion, string definition, string by, CancellationToken ct)
    {
        var pipeline = await FindToChangeAsync(name, ct).ConfigureAwait(false);
        var proposed = _definitions.Read(name, definition, pipeline.Path);
        await ChangeAsync(proposed, expectedVersion, definition, whileRunning: true, by, ct).ConfigureAwait(false);
        _entities.Restart(pipeline);
    }

    /// <summary>Takes a pipeline out that does not run, with its state and dead letters. Its history stays.</summary>
    public async Task RemoveAsync(string name, long? expectedVersion, string by, CancellationToken ct)
    {
        var held = await HoldAsync(await FindToChangeAsync(name, ct).ConfigureAwait(false), ct).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            Check(name, await _store.Pipelines.RemoveAsync(name, expectedVersion, by, ct).ConfigureAwait(false), "removed");
        }
    }

    /// <summary>Starts the state of a pipeline over that does not run.</summary>
    public async Task ResetAsync(string name, bool keepDeadLetters, string by, CancellationToken ct)
    {
        var pipeline = await FindAsync(name, ct).ConfigureAwait(false);
        var held = await HoldIdleAsync(pipeline, "reset", ct).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            foreach (var entry in pipeline.Entries)
            {
                await _store.State.ResetAsync(entry.Name, by, !keepDeadLetters, ct).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Makes the next run of a pipeline that does not run go on elsewhere in one split.</summary>
    public async Task SeekAsync(string name, string split, SplitPosition position, string by, CancellationToken ct)
    {
        var held = await HoldIdleAsync(await FindSingleAsync(name, ct).ConfigureAwait(false), "moved", ct).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            await _store.State.SeekAsync(name, split, position, by, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Runs dead letters of a pipeline that does not run through its transforms and sink again, on this node.</summary>
    public async Task<PipelineOutcome> ReplayAsync(string name, DeadLetterFilter filter, string by, CancellationToken ct)
    {
        var held = await HoldIdleAsync(await FindSingleAsync(name, ct).ConfigureAwait(false), "replayed", ct).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            var definition = _definitions.Read(await FindAsync(name, ct).ConfigureAwait(false));
            var spec = definition.ToReplaySpec(name, _store.State, filter)
                ?? throw new RefusalException(RefusalKind.Invalid, $"Dead letters of a {definition.Source.Definition.Name} source can't be read again.");
            using var stop = held.LinkTo(ct);
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
        await FindSingleAsync(name, ct).ConfigureAwait(false);
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

    private async Task<RegisteredPipeline> FindAsync(string name, CancellationToken ct) =>
        await _store.Pipelines.FindWholeAsync(name, ct).ConfigureAwait(false) ?? throw NotFound(name);

    private async Task<RegisteredPipeline> FindToChangeAsync(string name, CancellationToken ct)
    {
        var pipeline = await FindAsync(name, ct).ConfigureAwait(false);
        return pipeline.InstanceOf is not { } whole
            ? pipeline
            : throw new RefusalException(
                RefusalKind.WrongState, $"'{name}' is an instance of pipeline '{whole}'; all instances have one definition, so change or remove '{whole}'.");
    }

    private async Task ChangeAsync(
        PipelineDefinition proposed, long expectedVersion, string definition, bool whileRunning, string by, CancellationToken ct)
    {
        var outcome = await _store.Pipelines.ChangeAsync(
            proposed.Name, expectedVersion, proposed.Instances, definition, whileRunning, by, ct).ConfigureAwait(false);
        if (outcome == RegistryOutcome.NameTaken)
        {
            throw InstanceNameTaken(proposed.Name, proposed.Instances);
        }

        Check(proposed.Name, outcome, "changed");
    }

    /// <summary>Refuses another number of instances where that would read records again, leave some out, or lose dead letters.</summary>
    private async Task CheckNumberAsync(RegisteredPipeline pipeline, PipelineDefinition proposed, CancellationToken ct)
    {
        var plan = PipelinePlan.Compare(current: null, proposed, await FingerprintsAsync(pipeline, ct).ConfigureAwait(false));
        if (plan.Outcome == PlanOutcome.WouldReRead)
        {
            throw new RefusalException(
                RefusalKind.WrongState,
                $"Pipeline '{pipeline.Name}' has read its source in {Parts(pipeline.InstanceCount)}, and {Parts(proposed.Instances)} would not go on where it stands. "
                    + "Reset its state first, so that everything is read from the beginning, or leave 'instances' as it is.");
        }

        foreach (var entry in pipeline.Entries.ExceptBy(PipelineName.OfState(pipeline.Name, proposed.Instances), entry => entry.Name))
        {
            var letters = await _store.State.DeadLetters.CountAsync(entry.Name, new DeadLetterFilter(), ct).ConfigureAwait(false);
            if (letters.Values.Sum() is > 0 and var count)
            {
                throw new RefusalException(
                    RefusalKind.WrongState,
                    $"With {Parts(proposed.Instances)} there would be no '{entry.Name}' any more, which has {count} dead letters; replay or delete them first.");
            }
        }
    }

    private static string Parts(int instances) => instances == 1 ? "one piece" : $"{instances} instances";

    /// <summary>Holds what neither runs nor is meant to, so that nobody starts it meanwhile.</summary>
    private async Task<HeldPipelines> HoldIdleAsync(RegisteredPipeline pipeline, string participle, CancellationToken ct)
    {
        var held = await HoldAsync(pipeline, ct).ConfigureAwait(false);
        try
        {
            var now = await FindAsync(pipeline.Name, ct).ConfigureAwait(false);
            return now.Entries.All(entry => entry.State != LifecycleState.Running) ? held : throw MustNotRun(pipeline.Name, participle, LifecycleState.Running);
        }
        catch
        {
            await held.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<HeldPipelines> HoldAsync(RegisteredPipeline pipeline, CancellationToken ct) =>
        await HeldPipelines.TryTakeAsync(pipeline, _node, _store.Leases, _time, ct).ConfigureAwait(false)
            ?? throw new RefusalException(
                RefusalKind.WrongState, $"Pipeline '{pipeline.Name}' runs, or is being worked on by somebody else; stop it first.");

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

    private static RefusalException InstanceNameTaken(string name, int instances)
    {
        var names = PipelineName.OfState(name, instances);
        return new RefusalException(
            RefusalKind.AlreadyExists,
            $"The {instances} instances of pipeline '{name}' would be called '{names[0]}' to '{names[^1]}', and there is another pipeline of such a name; give one of the two another name.");
    }

    private static RefusalException NotFound(string name) => new(RefusalKind.NotFound, $"There is no pipeline '{name}'.");

    private static RefusalException MustNotRun(string name, string participle, LifecycleState? state) => new(
        RefusalKind.WrongState, $"Pipeline '{name}' can't be {participle} while it is {state?.ToWord() ?? "running or paused"}; stop it first.");
}
