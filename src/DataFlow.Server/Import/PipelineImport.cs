using DataFlow.Cluster;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.Server.Import;

/// <summary>
/// Brings pipeline files into a service: new ones are added and started, changed ones are changed in place where they go on from
/// where they stand. What would have to be read again is left alone. Doing it again changes nothing.
/// </summary>
/// <param name="service">The pipelines of the service.</param>
/// <param name="store">What it keeps.</param>
public sealed class PipelineImport(PipelineService service, IServiceStore store)
{
    private const string By = "dataflow serve";

    /// <summary>Brings one file in.</summary>
    /// <returns>What became of it.</returns>
    public async Task<ImportedPipeline> ImportAsync(FilePipeline file, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(file);
        var name = file.Definition.Name;
        try
        {
            return await store.Pipelines.FindWholeAsync(name, ct).ConfigureAwait(false) is { } known
                ? await CompareAsync(file, known, ct).ConfigureAwait(false)
                : await AddAsync(file, ct).ConfigureAwait(false);
        }
        catch (RefusalException refusal) when (refusal.Kind is RefusalKind.AlreadyExists or RefusalKind.WrongVersion or RefusalKind.WrongState)
        {
            return new ImportedPipeline(name, ImportOutcome.LeftAlone, $"it was changed from elsewhere at the same time. {refusal.Message}");
        }
    }

    private async Task<ImportedPipeline> AddAsync(FilePipeline file, CancellationToken ct)
    {
        var name = file.Definition.Name;
        var added = await service.AddAsync(name, file.Text, file.Path, By, ct).ConfigureAwait(false);
        await StartAsync(added, LifecycleState.Created, ct).ConfigureAwait(false);
        return new ImportedPipeline(name, ImportOutcome.Added, "added and started");
    }

    private async Task<ImportedPipeline> CompareAsync(FilePipeline file, RegisteredPipeline known, CancellationToken ct)
    {
        if (known.Definition == file.Text)
        {
            // A process that died while it started the instances of a pipeline has left some to be started.
            if (known.State == LifecycleState.Created || (known.State == LifecycleState.Running && known.Entries.Any(entry => entry.State == LifecycleState.Created)))
            {
                await StartAsync(known, LifecycleState.Created, ct).ConfigureAwait(false);
                return new ImportedPipeline(known.Name, ImportOutcome.Unchanged, "known, started");
            }

            return new ImportedPipeline(known.Name, ImportOutcome.Unchanged, $"known, {known.State.ToWord()}");
        }

        var plan = await service.PlanAsync(known.Name, file.Text, ct).ConfigureAwait(false);
        if (plan.Outcome == PlanOutcome.WouldReRead)
        {
            var keys = string.Join(", ", plan.Changes.Where(change => change.IsIdentity).Select(change => change.Key));
            return new ImportedPipeline(known.Name, ImportOutcome.LeftAlone,
                $"{file.Path} says something else than what runs here ({keys}). {plan.Explanation} The pipeline was left as it is; stop it, change it and reset its state when that is meant.");
        }

        if (plan.Changes.Any(change => change.Key == "instances") && known.Entries.Any(entry => entry.State == LifecycleState.Running))
        {
            return new ImportedPipeline(known.Name, ImportOutcome.LeftAlone, $"{file.Path} says another number of instances, which can't be changed while it runs; stop it and start the service again.");
        }

        return known.Entries.Any(entry => entry.State == LifecycleState.Paused)
            ? new ImportedPipeline(known.Name, ImportOutcome.LeftAlone, $"{file.Path} was changed, but the pipeline is paused; stop it and change it, or resume it and start the service again.")
            : await ChangeAsync(file, known, plan, ct).ConfigureAwait(false);
    }

    private async Task<ImportedPipeline> ChangeAsync(FilePipeline file, RegisteredPipeline known, PipelinePlan plan, CancellationToken ct)
    {
        var name = known.Name;
        if (known.Entries.Any(entry => entry.State == LifecycleState.Running))
        {
            // It never stops being meant to run: should this process die here, nobody has to start it again.
            await service.ChangeRunningAsync(name, known.Version, file.Text, By, ct).ConfigureAwait(false);
        }
        else
        {
            await service.ChangeAsync(name, known.Version, file.Text, By, ct).ConfigureAwait(false);
        }

        // Whoever mends the file of a failed pipeline wants it to run.
        if (known.State is LifecycleState.Created or LifecycleState.Failed && await store.Pipelines.FindWholeAsync(name, ct).ConfigureAwait(false) is { } changed)
        {
            await StartAsync(changed, LifecycleState.Created, ct).ConfigureAwait(false);
            await StartAsync(changed, LifecycleState.Failed, ct).ConfigureAwait(false);
        }

        var what = plan.Outcome == PlanOutcome.Unchanged ? "nothing that it does" : string.Join(", ", plan.Changes.Select(change => change.Key));
        return new ImportedPipeline(name, ImportOutcome.Changed, $"changed ({what}), {(known.State is LifecycleState.Stopped or LifecycleState.Completed ? known.State.ToWord() : "started")}");
    }

    // What must run is the registry's to say; some node starts it within seconds, also when there is no majority of nodes yet.
    private async Task StartAsync(RegisteredPipeline pipeline, LifecycleState from, CancellationToken ct)
    {
        foreach (var entry in pipeline.Entries)
        {
            await store.Pipelines.MoveAsync(entry.Name, from, LifecycleState.Running, HistoryEvent.Started, reason: null, By, holder: null, ct).ConfigureAwait(false);
        }
    }
}

/// <summary>What became of a pipeline file.</summary>
/// <param name="Pipeline">The pipeline's name.</param>
/// <param name="Outcome">In a word.</param>
/// <param name="Detail">In words for people, as the end of a sentence that names the pipeline.</param>
public sealed record ImportedPipeline(string Pipeline, ImportOutcome Outcome, string Detail);

/// <summary>What becomes of a pipeline file.</summary>
public enum ImportOutcome
{
    /// <summary>It was new.</summary>
    Added,

    /// <summary>The service has it already, just so.</summary>
    Unchanged,

    /// <summary>The service had it otherwise and has it so now.</summary>
    Changed,

    /// <summary>The service has it otherwise, and still has: somebody has to decide.</summary>
    LeftAlone,
}
