namespace DataFlow.Engine.Configuration;

/// <summary>Collects the problems of one configuration.</summary>
internal sealed class ProblemList(string? file)
{
    private readonly List<ConfigurationProblem> _problems = [];

    public string? File { get; } = file;

    public int Count => _problems.Count;

    public void Add(TextLocation location, string key, string message) =>
        _problems.Add(new ConfigurationProblem(File, location.Line, location.Column, key, message));

    public void AddRange(IEnumerable<ConfigurationProblem> problems) => _problems.AddRange(problems);

    /// <exception cref="ConfigurationException">There are problems.</exception>
    public void ThrowIfAny()
    {
        if (_problems.Count > 0)
        {
            throw new ConfigurationException([.. _problems.OrderBy(problem => problem.Line).ThenBy(problem => problem.Column)]);
        }
    }
}
