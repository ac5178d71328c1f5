namespace DataFlow.Conformance;

/// <summary>
/// The one rule for servers that tests need and can't bring along: without <c>DATAFLOW_REQUIRE_SERVERS=1</c> a missing one
/// skips the test with the reason, with it the test fails, so that a build server can't pass by not looking.
/// </summary>
public static class RequiredServer
{
    /// <summary>The environment variable: 1 makes a missing server a failure.</summary>
    public const string Variable = "DATAFLOW_REQUIRE_SERVERS";

    /// <summary>Ends the running test when a server is not there: skipped, or failed where servers are required.</summary>
    /// <param name="name">What is needed, for people: <c>PostgreSQL</c>.</param>
    /// <param name="found">Where it is: a path, an address. Null when there is none.</param>
    /// <param name="howToGetIt">A sentence: what to install or set.</param>
    /// <returns>Where it is.</returns>
    public static string Require(string name, string? found, string howToGetIt) =>
        Require(name, found, howToGetIt, Environment.GetEnvironmentVariable(Variable));

    /// <summary>The full path of a program of this machine, or null.</summary>
    /// <param name="program">Its name: <c>postgres</c>.</param>
    /// <param name="folders">Where to look besides <c>PATH</c>.</param>
    public static string? FindProgram(string program, params IEnumerable<string> folders) =>
        folders.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    internal static string Require(string name, string? found, string howToGetIt, string? setting)
    {
        if (found is not null)
        {
            return found;
        }

        var message = $"{name} is not here. {howToGetIt}";
        if (setting == "1")
        {
            Assert.Fail($"{message} ({Variable}=1 makes this a failure.)");
        }

        Assert.Skip(message);
        return "";
    }
}
