using System.Text.RegularExpressions;

namespace DataFlow.RepositoryTests;

/// <summary>Code in the docs is code that a test has compiled and run: each C# fence names its file and region.</summary>
public sealed partial class SnippetTests
{
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

    private static string Normalise(string code)
    {
        var lines = code.Replace("\r", "", StringComparison.Ordinal).Split('\n').Select(line => line.TrimEnd()).ToList();
        var indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length > indent ? line[indent..] : line)).Trim();
    }

    [GeneratedRegex(@"(?:<!-- snippet: (?<file>[^#\s]+)#(?<region>\S+) -->\s*)?```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();
}
