using System.Text.RegularExpressions;

namespace DataFlow.IntegrationTests;

/// <summary>
/// Guides that are walked through as a reader would: their files are written, their commands run in order, and what they say
/// is printed or held by a file is compared.
/// </summary>
public sealed partial class WalkthroughTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("docs/getting-started.md")]
    [InlineData("docs/guides/dead-letters.md")]
    [InlineData("docs/guides/state.md")]
    public async Task A_guide_does_what_it_says(string guide)
    {
        var said = "";
        var steps = 0;
        foreach (var fence in Fence().Matches((await File.ReadAllTextAsync(PathOf(guide), TestContext.Current.CancellationToken)).ReplaceLineEndings("\n")).Cast<Match>())
        {
            var text = fence.Groups["text"].Value;
            switch (fence.Groups["mark"].Value, fence.Groups["language"].Value)
            {
                case ("file", _):
                    _folder.Write(fence.Groups["name"].Value, text);
                    break;
                case ("holds", _):
                    Assert.Equal(text, await File.ReadAllTextAsync(_folder[fence.Groups["name"].Value], TestContext.Current.CancellationToken));
                    steps++;
                    break;
                case ("prints", _):
                    Assert.All(Lines(text), line => Assert.Contains(line, said, StringComparison.Ordinal));
                    steps++;
                    break;
                case (_, "sh"):
                    said = await RunAsync(text);
                    break;
                default:
                    Assert.Fail($"{guide}: this fence is neither a file, nor a command, nor what it says:\n{text}");
                    break;
            }
        }

        Assert.True(steps >= 3, $"{guide} proves nothing.");
    }

    private async Task<string> RunAsync(string commands)
    {
        var said = "";
        foreach (var line in Lines(commands))
        {
            Assert.StartsWith("dataflow ", line, StringComparison.Ordinal);
            var result = await Cli.RunAsync(_folder.Path, line.Split(' ')[1..]);
            result.Succeeded();
            said += result.Out + result.Error;
        }

        return said;
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string PathOf(string file)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DataFlow.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("There is no DataFlow.slnx above the tests.");
        }

        return Path.Combine(folder.FullName, file);
    }

    [GeneratedRegex(@"(?:<!-- (?<mark>file|prints|holds)(?:: (?<name>\S+))? -->\n)?```(?<language>\w*)\n(?<text>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();
}
