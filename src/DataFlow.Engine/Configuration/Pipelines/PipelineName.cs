using System.Text.RegularExpressions;

namespace DataFlow.Engine.Configuration;

/// <summary>Rules for names of pipelines: they become part of paths, metric tags and web addresses.</summary>
public static partial class PipelineName
{
    private const int Longest = 100;

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
