using System.Reflection;

namespace DataFlow.Conformance;

/// <summary>The tests of a suite that don't apply to a kind, each with the reason: nothing is left out in silence.</summary>
public sealed class Waivers
{
    private readonly Dictionary<string, string> _reasons;

    private Waivers(Dictionary<string, string> reasons) => _reasons = reasons;

    /// <summary>Everything applies.</summary>
    public static Waivers None { get; } = new([]);

    /// <summary>Waives tests, by the names of their methods.</summary>
    /// <param name="waived">Test and the reason, as a sentence.</param>
    public static Waivers Of(params ReadOnlySpan<(string Test, string Reason)> waived) =>
        new(waived.ToArray().ToDictionary(waiver => waiver.Test, waiver => waiver.Reason));

    /// <summary>Skips the running test if it is waived, with the reason.</summary>
    public void SkipIfWaived()
    {
        if (TestContext.Current.TestMethod is { } test && _reasons.TryGetValue(test.MethodName, out var reason))
        {
            Assert.Skip(reason);
        }
    }

    /// <summary>Fails when a waiver names no test of the suite, or gives no reason.</summary>
    /// <param name="suite">The class of the suite.</param>
    public void Check(Type suite)
    {
        ArgumentNullException.ThrowIfNull(suite);
        var tests = suite.GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null).Select(method => method.Name).ToList();
        Assert.All(_reasons, waiver =>
        {
            Assert.Contains(waiver.Key, tests);
            Assert.False(string.IsNullOrWhiteSpace(waiver.Value), $"The waiver of {waiver.Key} gives no reason.");
        });
    }
}
