using DataFlow.Client;
using DataFlow.Cluster;
using DataFlow.Conformance;
using DataFlow.Engine.State;
using DataFlow.IntegrationTests.Service;
using DataFlow.Server;

namespace DataFlow.IntegrationTests.Push;

/// <summary>The client against a service, with what networks and slow sinks do between them.</summary>
public sealed class PipelineClientServiceTests(TestService service) : IClassFixture<TestService>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reply_that_is_lost_brings_nothing_twice()
    {
        await service.AddAsync(PushApiTests.Definition("lost-reply"), start: true);
        await using var proxy = new TcpFaultProxy(service.Address.Port);
        await using var client = new PipelineClient(
            new Uri($"http://127.0.0.1:{proxy.Port}"), "lost-reply", new PipelineClientOptions { BatchRecords = 10, MaxInFlight = 1 });
        await SendAsync(client, "a", 1, 10);
        await client.FlushAsync(Ct);

        proxy.TruncateAfter(0);
        await SendAsync(client, "a", 11, 20);
        await Eventually.Is(() => CountOf("lost-reply") == 20 && client.Problem is not null);
        Assert.Equal(10, client.Delivered);
        proxy.StopTruncating();
        await SendAsync(client, "a", 21, 30);
        await client.FlushAsync(Ct);

        Assert.Equal(30, client.Delivered);
        AssertExact("lost-reply", ("a", 30));
    }

    [Fact]
    public async Task A_connection_that_is_cut_again_and_again_loses_and_doubles_nothing()
    {
        await service.AddAsync(PushApiTests.Definition("cut"), start: true);
        await using var proxy = new TcpFaultProxy(service.Address.Port);
        await using var client = new PipelineClient(new Uri($"http://127.0.0.1:{proxy.Port}"), "cut", new PipelineClientOptions { BatchRecords = 7 });
        for (var round = 0; round < 20; round++)
        {
            await SendAsync(client, "a", (round * 100) + 1, (round + 1) * 100);
            proxy.Cut();
        }

        await client.FlushAsync(Ct);

        AssertExact("cut", ("a", 2000));
    }

    [Fact]
    public async Task Two_producers_at_once_each_keep_their_order()
    {
        await service.AddAsync(PushApiTests.Definition("two"), start: true);

        await Task.WhenAll(((string[])["a", "b"]).Select(name => Task.Run(async () =>
        {
            await using var client = new PipelineClient(service.Address, "two", new PipelineClientOptions { Producer = name, BatchRecords = 50, MaxInFlight = 8 });
            await SendAsync(client, name, 1, 3000);
            await client.FlushAsync(Ct);
        })));

        AssertExact("two", ("a", 3000), ("b", 3000));
    }

    [Fact]
    public async Task A_producer_that_starts_again_goes_on_behind_what_is_delivered()
    {
        await service.AddAsync(PushApiTests.Definition("restarted"), start: true);
        for (var start = 0; start < 3; start++)
        {
            await using var client = new PipelineClient(service.Address, "restarted", new PipelineClientOptions { Producer = "shop-7", BatchRecords = 10 });
            await SendAsync(client, "a", (start * 95) + 1, (start + 1) * 95);
            await client.FlushAsync(Ct);
        }

        AssertExact("restarted", ("a", 285));
        Assert.Equal(30, (await service.GetAsync("pipelines/restarted/producers/shop-7")).Json["sequence"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_stopped_sink_makes_the_producer_wait_with_bounded_memory_and_nothing_is_lost()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var delivered = 0;
        using var folder = new TemporaryFolder();
        await using var server = await DataFlowServer.StartAsync(
            new ServerOptions
            {
                Listen = [new Uri("http://127.0.0.1:0")],
                Catalogue = BuiltInCatalogue.Instance.With(GatedSink.Definition(gate.Task, count => delivered += count)),
                Cluster = new ClusterOptions { Address = new Uri("http://127.0.0.1:0"), StateFolder = folder["state"], Root = folder.Path },
            },
            Ct);
        await using var client = new PipelineClient(server.Addresses[0], "gated", new PipelineClientOptions { BatchRecords = 10, BufferBytes = 20_000, MaxInFlight = 16 });
        using var http = new HttpClient();
        (await http.PostAsync(new Uri(server.Addresses[0], "pipelines?start=true"), new StringContent(
            """
            name: gated
            source: { type: push, options: { inbox-bytes: 8 KiB } }
            sink: { type: gated, connection: gate }
            commit-interval: 20ms
            """, System.Net.Http.Headers.MediaTypeHeaderValue.Parse("application/yaml")), Ct)).EnsureSuccessStatusCode();

        var sent = 0;
        var sending = Task.Run(
            async () =>
            {
                for (var number = 1; number <= 1000; number++)
                {
                    await client.SendAsync(new { number, text = new string('x', 80) }, ct: Ct);
                    sent = number;
                }
            },
            Ct);
        await Eventually.Is(() => client.Problem?.Contains("inbox-bytes", StringComparison.Ordinal) == true && client.BufferedBytes > 19_000);
        Assert.False(sending.IsCompleted);
        Assert.InRange(Volatile.Read(ref sent), 100, 250);
        Assert.InRange(client.BufferedBytes, 1, 20_000);
        Assert.Equal(0, client.Delivered);

        gate.SetResult();
        await sending;
        await client.FlushAsync(Ct);

        Assert.Equal((1000L, 1000), (client.Delivered, delivered));
    }

    [Fact]
    [Trait("claim", "SRC-06")]
    public async Task A_source_of_ones_own_process_starts_into_a_pipeline_and_the_task_spans_the_run()
    {
        await service.AddAsync(PushApiTests.Definition("from-source"), start: true);
        var rows = string.Concat(Enumerable.Range(1, 2000).Select(number => $"a,{number}\n"));
        service.Write("rows.csv", "producer,number\n" + rows);
        var state = new InMemoryStateStore(TimeProvider.System);
        await using var client = new PipelineClient(service.Address, "from-source", new PipelineClientOptions { Producer = "rows" });
        await using var source = CsvSource(state);

        await source.Start(client);

        Assert.Equal(2000, client.Delivered);
        AssertExact("from-source", ("a", 2000));
        Assert.Equal(2001, source.CurrentOffset);

        // The position is kept: the next source of this pipeline id has nothing to send.
        await using var again = CsvSource(state);
        await again.Start(client);
        Assert.Equal(2000, client.Delivered);
    }

    [Fact]
    [Trait("claim", "SRC-07")]
    public async Task The_position_of_a_started_source_is_saved_after_the_service_has_acknowledged_and_a_stop_drains()
    {
        await service.AddAsync(PushApiTests.Definition("slow-source"), start: true);
        var state = new InMemoryStateStore(TimeProvider.System);
        await using var client = new PipelineClient(service.Address, "slow-source", new PipelineClientOptions { Producer = "numbers" });
        await using var source = Source.Create(
            "local-numbers",
            new SourceConfig { SourceType = "test", ConnectionString = "test", Options = new Dictionary<string, string> { ["records-per-second"] = "500", ["template"] = "{ number: sequence, producer: choice(a) }" }, BatchSize = 20 },
            new SourceServices { State = state });
        var run = source.Start(client);
        await Eventually.Is(() => run.IsCompleted || client.Delivered > 100);
        Assert.False(run.IsCompleted, run.Exception?.ToString());
        (await service.PostAsync("pipelines/slow-source/pause")).Is(System.Net.HttpStatusCode.OK);
        await Eventually.Is(() => client.Problem is not null && client.BufferedBytes > 0);

        // Whatever was sent into the pause is not saved as delivered.
        var saved = (await state.ReadAsync("local-numbers", Ct))!.Checkpoint.Counters.Delivered;
        Assert.True(saved <= CountOf("slow-source"), $"{saved} saved, {CountOf("slow-source")} delivered");
        (await service.PostAsync("pipelines/slow-source/resume")).Is(System.Net.HttpStatusCode.OK);
        await source.Stop();
        await run;

        var all = (await state.ReadAsync("local-numbers", Ct))!.Checkpoint.Counters.Delivered;
        Assert.True(all > saved);
        AssertExact("slow-source", ("a", (int)all));
    }

    [Fact]
    public async Task What_the_service_refuses_ends_the_run_of_a_source_with_the_cause()
    {
        service.Write("few.csv", "producer,number\na,1\n");
        await using var client = new PipelineClient(service.Address, "nowhere");
        await using var source = Source.Create("few", FileConfig("few.csv"));

        var failure = await Assert.ThrowsAsync<ConnectorException>(() => source.Start(client));

        Assert.Contains("There is no pipeline 'nowhere'", failure.Message, StringComparison.Ordinal);
    }

    private static async Task SendAsync(PipelineClient client, string producer, int from, int to)
    {
        for (var number = from; number <= to; number++)
        {
            await client.SendAsync(new { producer, number }, ct: Ct);
        }
    }

    private Source CsvSource(IStateStore state) => Source.Create("local-rows", FileConfig("rows.csv"), new SourceServices { State = state });

    private SourceConfig FileConfig(string file) => new()
    {
        SourceType = "file",
        ConnectionString = service.PathOf(file),
        Options = new Dictionary<string, string> { ["format"] = "csv" },
    };

    private int CountOf(string name) => File.Exists(service.PathOf($"{name}.ndjson")) ? PushedFile.Read(service.PathOf($"{name}.ndjson")).Count : 0;

    private void AssertExact(string name, params (string Producer, int Count)[] expected) => PushedFile.AssertExact(service.PathOf($"{name}.ndjson"), expected);
}
