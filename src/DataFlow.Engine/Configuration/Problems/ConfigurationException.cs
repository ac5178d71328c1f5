namespace DataFlow.Engine.Configuration;

/// <summary>A configuration can't be used. Carries everything that is wrong with it, not just the first problem.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Creates the exception; its message has one line per problem.</summary>
    /// <param name="problems">At least one.</param>
    public ConfigurationException(IReadOnlyList<ConfigurationProblem> problems)
        : base(string.Join('\n', problems)) => Problems = problems;

    /// <summary>Everything that is wrong, in the order of the file.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems { get; }
}
