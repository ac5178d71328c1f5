using System.Text.RegularExpressions;
using DataFlow.Cli;
using DataFlow.Engine.Configuration;

namespace DataFlow.RepositoryTests;

/// <summary>
/// What stands in a fence works: each C# fence names the test region that compiles and runs it, each YAML fence is a valid
/// pipeline, each command parses; a call of <c>curl</c> is run by the test that walks through its guide. Anything else in a fence is data or output.
/// </summary>
public sealed partial class SnippetTests
{
    private static readonly string[] BuildCommands = ["dotnet build", "dotnet test", "dotnet format --verify-no-changes"];

    [Fact]
    public void Every_csharp_snippet_is_a_region_of_a_test_file()
    {
        var snippets = Repository.Files("*.md").SelectMany(path => Fence().Matches(File.ReadAllText(path)).Select(match => (path, match))).ToList();
        Assert.NotEmpty(snippets);
        foreach (var (path, match) in snippets)
        {
            var where = $"{Path.GetRelativePath(Repository.Root, path)}: the C# snippet";
            Assert.True(match.Groups["file"].Success, $"{where} names no source; write <!-- snippet: path#region --> above it.");
            var source = File.ReadAllText(Repository.PathOf(match.Groups["file"].Value.Split('/')));
            var region = match.Groups["region"].Value;
            var start = source.IndexOf($"// <{region}>", StringComparison.Ordinal);
            var end = source.IndexOf($"// </{region}>", StringComparison.Ordinal);
            Assert.True(start >= 0 && end > start, $"{where} names the region {region}, which is not in {match.Groups["file"].Value}.");
            Assert.Equal(Normalise(source[(source.IndexOf('\n', start) + 1)..end]), Normalise(match.Groups["code"].Value));
        }
    }

    public static TheoryData<string, int> YamlSnippets => Snippets("yaml");

    [Theory]
    [MemberData(nameof(YamlSnippets))]
    public async Task Every_yaml_snippet_is_a_valid_pipeline(string file, int number)
    {
        var definition = PipelineFile.Parse(Snippet(file, "yaml", number), Repository.PathOf(file.Split('/')), BuiltInCatalogue.Instance);

        Assert.Empty(GuaranteeExplanation.Of(definition).Problems);
        Assert.Empty(await definition.CheckConnectorsAsync());
        definition.CreateTransforms();
    }

    public static TheoryData<string, int> CommandSnippets => Snippets("sh");

    [Theory]
    [MemberData(nameof(CommandSnippets))]
    public void Every_command_is_one_that_there_is(string file, int number)
    {
        var commands = Snippet(file, "sh", number).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var command in commands.Where(command => !BuildCommands.Contains(command) && !command.StartsWith("curl ", StringComparison.Ordinal)))
        {
            var line = command.Replace("dotnet run -c Release --project src/DataFlow.Cli -- ", "dataflow ", StringComparison.Ordinal);
            Assert.StartsWith("dataflow ", line, StringComparison.Ordinal);
            Assert.Empty(DataFlowCommand.Create(CliContext.ForProcess()).Parse(line.Split(' ')[1..]).Errors);
        }
    }

    [Fact]
    public void Every_fence_says_what_it_holds()
    {
        foreach (var path in Markdown())
        {
            Assert.All(
                AnyFence().Matches(File.ReadAllText(path)).Select(match => match.Groups["language"].Value),
                language => Assert.True(language is "csharp" or "yaml" or "sh" or "csv" or "json" or "text", $"{path}: ```{language}"));
        }
    }

    [Fact]
    public void Every_link_leads_somewhere()
    {
        foreach (var path in Markdown())
        {
            foreach (var target in Link().Matches(File.ReadAllText(path)).Select(match => match.Groups["target"].Value).Where(target => !target.Contains("://", StringComparison.Ordinal)))
            {
                var full = Path.Combine(Path.GetDirectoryName(path)!, target.Split('#')[0]);
                Assert.True(File.Exists(full) || Directory.Exists(full), $"{Path.GetRelativePath(Repository.Root, path)} links to {target}, which is not there.");
            }
        }
    }

    [Fact]
    public void Every_message_that_troubleshooting_quotes_is_one_that_there_is()
    {
        var known = string.Join('\n', Repository.Files("*.cs").Where(path => path.StartsWith(Repository.PathOf("src"), StringComparison.Ordinal)).Select(File.ReadAllText))
            + File.ReadAllText(Repository.PathOf("docs", "getting-started.md"));
        var quoted = File.ReadLines(Repository.PathOf("docs", "troubleshooting.md"))
            .Where(line => line.StartsWith('|'))
            .Select(line => line.Split('|')[1].Split('`'))
            .Where(cell => cell.Length == 3)
            .Select(cell => cell[1])
            .ToList();

        Assert.True(quoted.Count > 10);
        Assert.All(quoted, message => Assert.Contains(message, known, StringComparison.Ordinal));
    }

    private static TheoryData<string, int> Snippets(string language)
    {
        var snippets = new TheoryData<string, int>();
        foreach (var path in Markdown())
        {
            var file = Path.GetRelativePath(Repository.Root, path).Replace('\\', '/');
            for (var number = 0; number < Fences(file, language).Count; number++)
            {
                snippets.Add(file, number);
            }
        }

        return snippets;
    }

    private static string Snippet(string file, string language, int number) => Fences(file, language)[number];

    private static List<string> Fences(string file, string language) =>
    [
        .. AnyFence().Matches(File.ReadAllText(Repository.PathOf(file.Split('/'))).ReplaceLineEndings("\n"))
            .Where(match => match.Groups["language"].Value == language)
            .Select(match => match.Groups["text"].Value),
    ];

    // The pages of bench/results are written by the benchmarks.
    private static IEnumerable<string> Markdown() => Repository.Files("*.md").Where(path => !path.StartsWith(Repository.PathOf("bench"), StringComparison.Ordinal));

    private static string Normalise(string code)
    {
        var lines = code.Replace("\r", "", StringComparison.Ordinal).Split('\n').Select(line => line.TrimEnd()).ToList();
        var indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length > indent ? line[indent..] : line)).Trim();
    }

    [GeneratedRegex(@"(?:<!-- snippet: (?<file>[^#\s]+)#(?<region>\S+) -->\s*)?```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^```(?<language>\w*)\n(?<text>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex AnyFence();

    [GeneratedRegex(@"\]\((?<target>[^)\s#][^)\s]*)\)")]
    private static partial Regex Link();
}
