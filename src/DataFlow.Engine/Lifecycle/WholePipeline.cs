namespace DataFlow.Engine.Lifecycle;

/// <summary>Sees the instances of a pipeline as one. Pure.</summary>
public static class WholePipeline
{
    /// <summary>A pipeline as a whole.</summary>
    /// <param name="instances">All instances of it, at least one.</param>
    public static RegisteredPipeline Of(IEnumerable<RegisteredPipeline> instances)
    {
        RegisteredPipeline[] all = [.. instances.OrderBy(instance => instance.Instance)];
        return all[0] with
        {
            Name = all[0].InstanceOf!,
            InstanceOf = null,
            Instance = null,
            Instances = all,
            State = StateOf(all.Select(instance => instance.State)),
            Reason = ReasonOf(all),
            Updated = all.Max(instance => instance.Updated),
            Owner = null,
        };
    }

    /// <summary>All pipelines, each once, by name.</summary>
    /// <param name="registered">What the registry lists.</param>
    public static IReadOnlyList<RegisteredPipeline> All(IEnumerable<RegisteredPipeline> registered) =>
    [
        .. registered
            .GroupBy(pipeline => pipeline.InstanceOf ?? pipeline.Name, StringComparer.Ordinal)
            .Select(group => group.First().InstanceOf is null ? group.Single() : Of(group))
            .OrderBy(pipeline => pipeline.Name, StringComparer.Ordinal),
    ];

    /// <summary>
    /// The state of a whole: failed if any of its instances has failed, else running if any runs, else paused if any is paused, else
    /// stopped, created, and completed only if all are.
    /// </summary>
    /// <param name="states">The states of its instances, at least one.</param>
    public static LifecycleState StateOf(IEnumerable<LifecycleState> states) => states.MaxBy(Weight);

    private static int Weight(LifecycleState state) => state switch
    {
        LifecycleState.Failed => 5,
        LifecycleState.Running => 4,
        LifecycleState.Paused => 3,
        LifecycleState.Stopped => 2,
        LifecycleState.Created => 1,
        _ => 0,
    };

    private static string? ReasonOf(RegisteredPipeline[] all)
    {
        var states = all.GroupBy(instance => instance.State).OrderByDescending(group => Weight(group.Key)).ToList();
        string[] parts =
        [
            .. states.Count == 1 ? [] : (string[])[$"{string.Join(", ", states.Select(group => $"{group.Count()} {group.Key.ToWord()}"))}."],
            .. all.Where(instance => instance.Reason is not null).Select(instance => $"{instance.Name}: {instance.Reason}"),
        ];
        return parts.Length == 0 ? null : string.Join(' ', parts);
    }
}
