using System.Globalization;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Engine.State;

/// <summary>What all registries agree on.</summary>
internal static class RegistryRules
{
    /// <summary>Whether a pipeline may be changed or removed.</summary>
    /// <param name="stored">Its version and state, or null when it isn't there.</param>
    /// <param name="expectedVersion">The version that the caller has seen; null for any.</param>
    public static RegistryOutcome Judge((long Version, LifecycleState State)? stored, long? expectedVersion) => stored switch
    {
        null => RegistryOutcome.NotFound,
        { Version: var version } when version != (expectedVersion ?? version) => RegistryOutcome.WrongVersion,
        { State: var state } when !LifecycleRules.MayChange(state) => RegistryOutcome.WrongState,
        _ => RegistryOutcome.Done,
    };

    /// <summary>A change, for the history.</summary>
    public static string DescribeChange(long version) => string.Create(CultureInfo.InvariantCulture, $"version {version}");
}
