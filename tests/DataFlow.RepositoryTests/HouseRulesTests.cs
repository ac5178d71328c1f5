namespace DataFlow.RepositoryTests;

/// <summary>Rules that a reader can't be asked to check.</summary>
public sealed class HouseRulesTests
{
    private const int MostLines = 500;

    [Fact]
    public void No_source_file_is_longer_than_one_can_keep_in_mind()
    {
        var tooLong = Repository.Files("*.cs").Where(path => File.ReadLines(path).Count() > MostLines).Select(path => Path.GetRelativePath(Repository.Root, path));

        Assert.Empty(tooLong);
    }

    [Fact]
    public void Projects_reference_downward_only()
    {
        var allowed = new Dictionary<string, string[]>
        {
            ["DataFlow.Abstractions"] = [],
            ["DataFlow.Formats"] = ["DataFlow.Abstractions"],
            ["DataFlow.Transforms"] = ["DataFlow.Abstractions"],
            ["DataFlow.Engine"] = ["DataFlow.Abstractions"],
            ["DataFlow.Connectors"] = ["DataFlow.Abstractions", "DataFlow.Formats"],
            ["DataFlow"] = ["DataFlow.Connectors", "DataFlow.Engine", "DataFlow.Transforms"],
            ["DataFlow.Cluster"] = ["DataFlow"],
            ["DataFlow.Server"] = ["DataFlow.Cluster"],
            ["DataFlow.Client"] = [],
            ["DataFlow.Cli"] = ["DataFlow", "DataFlow.Server"],
        };
        foreach (var project in Directory.GetFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories))
        {
            var references = System.Xml.Linq.XDocument.Load(project).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')))
                .ToList();
            var name = Path.GetFileNameWithoutExtension(project);
            Assert.True(allowed.TryGetValue(name, out var expected), $"{name} is not in the list of projects.");
            Assert.All(references, reference => Assert.Contains(reference, expected));
        }
    }

    [Fact]
    public void Every_decision_is_in_the_list_of_decisions()
    {
        var index = File.ReadAllText(Repository.PathOf("docs", "decisions", "README.md"));

        Assert.All(
            Directory.GetFiles(Repository.PathOf("docs", "decisions"), "0*.md").Select(Path.GetFileName),
            name => Assert.Contains(name!, index, StringComparison.Ordinal));
    }

    [Fact]
    public void Links_between_pages_lead_somewhere()
    {
        foreach (var path in Repository.Files("*.md"))
        {
            foreach (System.Text.RegularExpressions.Match link in System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(path), @"\]\((?!https?:|#)([^)#\s]+)"))
            {
                var target = Path.Combine(Path.GetDirectoryName(path)!, link.Groups[1].Value);
                Assert.True(Path.Exists(target), $"{Path.GetRelativePath(Repository.Root, path)} links to {link.Groups[1].Value}, which is not there.");
            }
        }
    }
}
