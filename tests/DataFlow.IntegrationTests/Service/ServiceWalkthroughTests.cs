using System.Diagnostics;
using System.Text.RegularExpressions;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Service;

/// <summary>
/// The guide to the service, walked through as a reader would: the service is started as it says, its <c>curl</c> and <c>dataflow</c>
/// commands are run to the letter, apart from the port, and what they are said to print is compared.
/// </summary>
public sealed partial class ServiceWalkthroughTests : IDisposable
{
    private const string WrittenAddress = "http://127.0.0.1:5080";

    private readonly TemporaryFolder _folder = new();
    private ServedProcess? _service;

    public void Dispose()
    {
        _service?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_guide_does_what_it_says()
    {
        CopyExamples();
        var commands = "";
        var compared = 0;
        foreach (var fence in Fence().Matches((await File.ReadAllTextAsync(Repository("docs", "guides", "service.md"), TestContext.Current.CancellationToken)).ReplaceLineEndings("\n")).Cast<Match>())
        {
            var text = fence.Groups["text"].Value;
            switch (fence.Groups["mark"].Value, fence.Groups["language"].Value)
            {
                case ("file", _):
                    _folder.Write(fence.Groups["name"].Value, text);
                    break;
                case (_, "sh"):
                    commands = text;
                    break;
                case ("prints", _):
                    await PrintsAsync(commands, Lines(text));
                    compared++;
                    break;
                default:
                    Assert.Fail($"This fence is neither a file, nor a command, nor what it prints:\n{text}");
                    break;
            }
        }

        Assert.True(compared >= 10, "The guide proves nothing.");
        (await _service!.TerminateAsync()).Succeeded();
    }

    // What goes on at the same time, such as the end of a run, may take a moment; all commands may be given again.
    private Task PrintsAsync(string commands, IReadOnlyList<string> expected) => Eventually.IsAsync(async () =>
    {
        var said = "";
        foreach (var command in Lines(commands))
        {
            said += await RunAsync(command) + "\n";
        }

        var missing = expected.Where(line => !said.Contains(line, StringComparison.Ordinal)).ToList();
        return (missing.Count == 0, $"{commands} does not print {string.Join(" | ", missing)}, but:\n{said}");
    });

    private async Task<string> RunAsync(string command)
    {
        if (command.StartsWith("dataflow serve ", StringComparison.Ordinal))
        {
            _service ??= await ServedProcess.StartAsync(
                _folder.Path, command.Split(' ')[1..], new Dictionary<string, string> { ["DATAFLOW_LISTEN"] = "http://127.0.0.1:0" });
            return _service.Said.Replace(_service.Address.ToString(), WrittenAddress + "/", StringComparison.Ordinal);
        }

        var address = _service!.Address.ToString().TrimEnd('/');
        if (command.StartsWith("dataflow ", StringComparison.Ordinal))
        {
            var result = await Cli.RunAsync(_folder.Path, command.Split(' ')[1..], new Dictionary<string, string> { ["DATAFLOW_SERVER"] = address });
            result.Succeeded();
            return result.Out;
        }

        Assert.StartsWith("curl ", command, StringComparison.Ordinal);
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", command.Replace(WrittenAddress, address, StringComparison.Ordinal)])
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
        })!;
        var said = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(shell.ExitCode == 0, $"{command} ended with {shell.ExitCode}: {said}");
        return said;
    }

    private void CopyExamples()
    {
        var examples = Repository("examples", "service");
        foreach (var file in Directory.GetFiles(examples, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(examples, file);
            if (Path.GetExtension(file) == ".yaml" || relative.StartsWith("data", StringComparison.Ordinal))
            {
                _folder.Write(Path.Combine("examples", "service", relative), File.ReadAllText(file));
            }
        }
    }

    private static List<string> Lines(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static string Repository(params string[] parts)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DataFlow.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("There is no DataFlow.slnx above the tests.");
        }

        return Path.Combine([folder.FullName, .. parts]);
    }

    [GeneratedRegex(@"(?:<!-- (?<mark>file|prints)(?:: (?<name>\S+))? -->\n)?```(?<language>\w*)\n(?<text>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();
}
