using System.Globalization;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Engine.State;

/// <summary>What all registries agree on.</summary>
internal static class RegistryRules
{
    /// <summary>Whether a pipeline may be changed or removed.</summary>
    /// <param name="stored">Its entries: one, or one for each instance; none when it isn't there.</param>
    /// <param name="expectedVersion">The version that the caller has seen; null for any.</param>
    /// <param name="whileRunning">True when it must be running, false when it must not.</param>
    public static RegistryOutcome Judge(IReadOnlyList<RegistryEntry> stored, long? expectedVersion, bool whileRunning = false) =>
        stored.Count == 0 ? RegistryOutcome.NotFound
        : stored.Any(entry => entry.Version != (expectedVersion ?? entry.Version)) ? RegistryOutcome.WrongVersion
        : MayChange([.. stored.Select(entry => entry.State)], whileRunning) ? RegistryOutcome.Done
        : RegistryOutcome.WrongState;

    private static bool MayChange(LifecycleState[] states, bool whileRunning) => whileRunning
        ? states.Contains(LifecycleState.Running) && states.All(state => state == LifecycleState.Running || LifecycleRules.MayChange(state))
        : states.All(LifecycleRules.MayChange);

    /// <summary>A pipeline or an instance, of what is stored under a name and as instances of it.</summary>
    public static RegisteredPipeline? Found(string name, IReadOnlyList<RegisteredPipeline> stored) =>
        stored.FirstOrDefault(pipeline => pipeline.Name == name) ?? (stored.Count == 0 ? null : WholePipeline.Of(stored));

    /// <summary>The number of an instance.</summary>
    public static int NumberOf(string instance, IReadOnlyList<string> names) => names.Index().First(name => name.Item == instance).Index + 1;

    /// <summary>A change, for the history.</summary>
    public static string DescribeChange(long version) => string.Create(CultureInfo.InvariantCulture, $"version {version}");
}

/// <summary>What decides about an entry of a registry.</summary>
internal sealed record RegistryEntry(string Name, long Version, LifecycleState State, string Path);
