using System.Globalization;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Engine.State;

/// <summary>What all registries agree on.</summary>
internal static class RegistryRules
{
    /// <summary>Whether a pipeline may be changed or removed.</summary>
    /// <param name="stored">Its version and state, or null when it isn't there.</param>
    /// <param name="expectedVersion">The version that the caller has seen; null for any.</param>
    /// <param name="whileRunning">True when it must be running, false when it must not.</param>
    public static RegistryOutcome Judge(
        (long Version, LifecycleState State)? stored, long? expectedVersion, bool whileRunning = false) => stored switch
        {
            null => RegistryOutcome.NotFound,
            { Version: var version } when version != (expectedVersion ?? version) => RegistryOutcome.WrongVersion,
            { State: var state } when (whileRunning ? state != LifecycleState.Running : !LifecycleRules.MayChange(state)) => RegistryOutcome.WrongState,
            _ => RegistryOutcome.Done,
        };

    /// <summary>A change, for the history.</summary>
    public static string DescribeChange(long version) => string.Create(CultureInfo.InvariantCulture, $"version {version}");
}
