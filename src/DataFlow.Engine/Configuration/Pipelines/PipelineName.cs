using System.Globalization;
using System.Text.RegularExpressions;

namespace DataFlow.Engine.Configuration;

/// <summary>Rules for names of pipelines: they become part of paths, metric tags and web addresses.</summary>
public static partial class PipelineName
{
    /// <summary>Most instances of a pipeline.</summary>
    public const int MostInstances = 64;

    private const int Longest = 100;

    /// <summary>The name that an instance of a pipeline has: its state is kept under it.</summary>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="instance">The instance's number or name.</param>
    public static string OfInstance(string pipeline, string instance) => $"{pipeline}.{instance}";

    /// <summary>The names that a pipeline's state is kept under: its own, or those of its instances.</summary>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="instances">How many instances it has.</param>
    public static IReadOnlyList<string> OfState(string pipeline, int instances) => instances == 1
        ? [pipeline]
        : [.. Enumerable.Range(1, instances).Select(number => OfInstance(pipeline, number.ToString(CultureInfo.InvariantCulture)))];

    /// <summary>What is wrong with a name, as a sentence; null when it can be used.</summary>
    /// <param name="name">The name.</param>
    /// <param name="owner">What is to be called so.</param>
    public static string? Problem(string name, string owner = "a pipeline") =>
        name.Length > Longest ? $"the name is {name.Length} characters long; allowed are {Longest}."
        : Allowed().IsMatch(name) ? null
        : $"{Phrases.Quote(name)} can't be {owner}'s name; "
            + "use letters a-z, digits, '-', '_' and '.', with a letter or digit first and last.";

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\z")]
    private static partial Regex Allowed();
}
