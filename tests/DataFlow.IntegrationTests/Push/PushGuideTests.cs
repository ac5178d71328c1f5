using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using DataFlow.Client;
using DataFlow.Conformance;
using DataFlow.IntegrationTests.Cluster;

namespace DataFlow.IntegrationTests.Push;

/// <summary>The guide to pushing does what it says: its pipeline is served, its transcripts are run, its C# sends.</summary>
public sealed partial class PushGuideTests : IAsyncLifetime
{
    private const string Written = "http://127.0.0.1:5080";

    private readonly TemporaryFolder _folder = new();
    private readonly Uri _address = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePorts.Take(1)[0]}"));
    private Process _service = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        File.Copy(PathOf("examples/push/pipeline.yaml"), _folder["pipeline.yaml"]);
        _service = Cli.Start(_folder.Path, ["serve", "pipeline.yaml", "--listen", _address.ToString().TrimEnd('/')]);
        _service.ErrorDataReceived += (_, _) => { };
        _service.OutputDataReceived += (_, _) => { };
        _service.BeginErrorReadLine();
        _service.BeginOutputReadLine();
        using var http = new HttpClient();
        await Eventually.IsAsync(async () =>
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(_address, "pipelines/orders/producers/anybody"), Ct);
                return (answer.IsSuccessStatusCode, answer.ToString());
            }
            catch (HttpRequestException failure)
            {
                return (false, failure.Message);
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        _service.Kill();
        await _service.WaitForExitAsync(CancellationToken.None);
        _service.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Its_transcripts_are_what_a_shell_shows()
    {
        var guide = (await File.ReadAllTextAsync(PathOf("docs/guides/push.md"), Ct)).ReplaceLineEndings("\n");
        foreach (var file in FileFence().Matches(guide).Cast<Match>())
        {
            _folder.Write(file.Groups["name"].Value, file.Groups["text"].Value);
        }

        var transcripts = CurlFence().Matches(guide).Select(fence => fence.Groups["text"].Value).ToList();
        Assert.Equal(3, transcripts.Count);
        foreach (var transcript in transcripts)
        {
            Assert.Equal(transcript, await RunAsync(transcript.Split('\n').Where(line => line.StartsWith("$ ", StringComparison.Ordinal))));
        }

        Assert.Equal(["{\"order\":1,\"quantity\":2}", "{\"order\":2,\"quantity\":5}"], await File.ReadAllLinesAsync(_folder["out/orders.ndjson"], Ct));
    }

    [Fact]
    public async Task Its_client_delivers_before_it_returns()
    {
        var service = _address;

        // <client>
        await using var orders = new PipelineClient(service, "orders", new PipelineClientOptions { Producer = "shop-8" });
        for (var order = 1; order <= 1000; order++)
        {
            await orders.SendAsync(new { order, quantity = 1 });
        }

        await orders.FlushAsync();
        // </client>

        Assert.Equal(1000, (await File.ReadAllLinesAsync(_folder["out/orders.ndjson"], Ct)).Length);
    }

    [Fact]
    public async Task Its_source_is_delivered_when_the_task_ends()
    {
        var service = _address;
        var config = new SourceConfig
        {
            SourceType = "file",
            ConnectionString = _folder.Write("orders.csv", "order,quantity\n1,2\n2,0\n3,1\n"),
            Options = new Dictionary<string, string> { ["format"] = "csv" },
        };

        // <source>
        await using var orders = new PipelineClient(service, "orders", new PipelineClientOptions { Producer = "files" });
        await using var source = Source.Create("local-orders", config);
        await source.Start(orders);
        // </source>

        Assert.Equal(2, (await File.ReadAllLinesAsync(_folder["out/orders.ndjson"], Ct)).Length);
    }

    private static string PathOf(string file)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DataFlow.slnx")))
        {
            folder = folder.Parent!;
        }

        return Path.Combine(folder.FullName, file);
    }

    private async Task<string> RunAsync(IEnumerable<string> commands)
    {
        var shown = "";
        foreach (var command in commands)
        {
            using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", command[2..].Replace(Written, _address.ToString().TrimEnd('/'), StringComparison.Ordinal)])
            {
                WorkingDirectory = _folder.Path,
                RedirectStandardOutput = true,
            })!;
            var output = await shell.StandardOutput.ReadToEndAsync(Ct);
            await shell.WaitForExitAsync(Ct);
            shown += $"{command}\n{output.TrimEnd('\n')}\n";
        }

        return shown;
    }

    [GeneratedRegex("<!-- file: (?<name>\\S+) -->\n```\\w+\n(?<text>.*?)```", RegexOptions.Singleline)]
    private static partial Regex FileFence();

    [GeneratedRegex("<!-- curl -->\n```text\n(?<text>.*?)```", RegexOptions.Singleline)]
    private static partial Regex CurlFence();
}
