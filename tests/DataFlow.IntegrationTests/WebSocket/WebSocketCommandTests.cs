using DataFlow.Conformance;

namespace DataFlow.IntegrationTests;

/// <summary>WebSocket pipelines through the built command.</summary>
public sealed class WebSocketCommandTests
{
    [Fact]
    public async Task Messages_go_from_a_server_into_a_file_with_a_warning_about_best_effort()
    {
        var log = new MessageLog();
        await using var server = await WebSocketServer.StartAsync(log.ServeAsync);
        using var pipeline = new StreamPipeline(server.Address);
        log.Publish(500);
        pipeline.Start();
        await pipeline.UntilAsync(numbers => numbers.Count == 500);

        var result = await pipeline.StopAsync();

        result.Succeeded();
        Assert.Equal(Enumerable.Range(1, 500).Select(number => (long)number), pipeline.Numbers);
        Assert.Contains("warning: Delivery is best-effort: the source 'websocket' can't read the same records again after a restart", result.Error);
        Assert.Contains("journal: true", result.Error);
    }

    [Fact]
    public async Task The_example_keeps_the_orders_of_a_stream()
    {
        var log = new MessageLog();
        log.Publish(20, number => $$"""{"number":{{number}},"kind":"{{(number % 2 == 0 ? "order" : "other")}}"}""");
        await using var server = await WebSocketServer.StartAsync(log.ServeAsync);
        using var folder = new TemporaryFolder();
        folder.Write("pipeline.yaml", await File.ReadAllTextAsync(Example(), TestContext.Current.CancellationToken));
        using var process = Cli.Start(folder.Path, ["run", "pipeline.yaml"], new Dictionary<string, string> { ["STREAM_URL"] = server.Address });
        try
        {
            await StreamPipeline.EventuallyAsync(() => process.HasExited || Orders(folder).Length == 10);
        }
        finally
        {
            process.Kill();
        }

        Assert.Equal(10, Orders(folder).Length);
        Assert.Equal("""{"number":2,"kind":"order"}""", Orders(folder)[0]);
    }

    [Fact]
    public async Task A_stronger_delivery_is_refused_without_cursor_or_journal_and_taken_with_one()
    {
        using var folder = new TemporaryFolder();
        foreach (var (options, code) in new[] { ("message-format: json", 2), ("journal: true", 0), ("{ cursor-path: id, subscribe: ['{{cursor}}'] }", 0) })
        {
            folder.Write("p.yaml", $$"""
                source: { type: websocket, connection: "ws://localhost:1", options: {{(options[0] == '{' ? options : $"{{ {options} }}")}} }
                sink: { type: file, connection: out.ndjson, options: { format: json } }
                delivery: effectively-once
                """);

            var result = await Cli.RunAsync(folder.Path, "validate", "p.yaml");

            Assert.True(result.ExitCode == code, $"{options}: {result.ExitCode} {result.Error}");
            Assert.Equal(code != 0, result.Error.Contains("effectively-once can't be guaranteed"));
        }
    }

    [Fact]
    public async Task Validate_with_connect_says_what_is_wrong_with_the_server()
    {
        await using var server = await WebSocketServer.StartAsync(_ => Task.CompletedTask, _ => 403);
        using var folder = new TemporaryFolder();
        folder.Write("p.yaml", $$"""
            source: { type: api, connection: "{{server.Address}}", options: { source-impl: websocket } }
            sink: { type: console }
            """);

        var result = await Cli.RunAsync(folder.Path, "validate", "p.yaml", "--connect");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("WebSocket upgrade failed", result.Error + result.Out);
    }

    [Fact]
    public async Task With_a_journal_kill_9_loses_nothing_that_was_received()
    {
        var log = new MessageLog();
        await using var server = await WebSocketServer.StartAsync(log.ServeLiveAsync);
        using var pipeline = new StreamPipeline(server.Address, "journal: true");
        using var publishing = new CancellationTokenSource();
        var publisher = PublishAsync(log, publishing.Token);
        var received = new HashSet<long>();
        for (var kill = 1; kill <= 4; kill++)
        {
            pipeline.Start();
            var before = pipeline.Numbers.Count;
            await pipeline.UntilAsync(numbers => numbers.Count > before + (100 * kill));
            await pipeline.KillAsync();
            received.UnionWith(JournalOf(pipeline));
        }

        var end = log.Last;
        pipeline.Start();
        await pipeline.UntilAsync(numbers => numbers[^1] > end);
        await publishing.CancelAsync();
        await publisher;
        (await pipeline.StopAsync()).Succeeded();

        Assert.Subset(pipeline.Numbers.ToHashSet(), received);
        Assert.Contains(await pipeline.GapsAsync(), gap => gap.Reason == "The source was not running.");
        await pipeline.AccountForAllAsync();
    }

    private static string[] Orders(TemporaryFolder folder) =>
        File.Exists(folder["out/orders.ndjson"]) ? File.ReadAllLines(folder["out/orders.ndjson"]) : [];

    private static string Example()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!Directory.Exists(Path.Combine(folder!.FullName, "examples")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder.FullName, "examples", "websocket", "pipeline.yaml");
    }

    /// <summary>The numbers of the messages in the journal as a killed process has left it.</summary>
    private static IEnumerable<long> JournalOf(StreamPipeline pipeline)
    {
        var copy = Directory.CreateTempSubdirectory("dataflow-journal-");
        try
        {
            var numbers = new List<long>();
            foreach (var path in Directory.GetFiles(Path.Combine(pipeline.Folder, ".dataflow", "sources", "stream", "journal"), "*.journal"))
            {
                var file = Path.Combine(copy.FullName, Path.GetFileName(path));
                File.Copy(path, file);
                using var segment = Connectors.JournalSegment.Open(file);
                segment?.Recover((frames, _) =>
                {
                    for (var at = 0; at < frames.Length; at += Connectors.MessageFrame.Size + Connectors.MessageFrame.At(frames, at).Length)
                    {
                        numbers.Add(Connectors.MessageFrame.At(frames, at).Sequence);
                    }
                });
            }

            return numbers;
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }

    private static async Task PublishAsync(MessageLog log, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            log.Publish(5);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
