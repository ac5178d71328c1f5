using System.Globalization;
using System.Text.Json;
using DataFlow.Conformance;
using DataFlow.KafkaBroker;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>Pipelines from topics into files through the built command, undisturbed, killed, and with brokers that go away.</summary>
public sealed class KafkaPipelineTests(KafkaFixture fixture) : IClassFixture<KafkaFixture>
{
    private const int Messages = 4000;

    [Fact]
    [Trait("claim", "KAFKA-17")]
    [Trait("claim", "KAFKA-19")]
    public async Task A_topic_becomes_a_file_and_the_next_run_goes_on_at_the_groups_offset()
    {
        using var folder = new TemporaryFolder();
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        Publish(topic, 0, 1000);
        folder.Write("p.yaml", Pipeline(topic));

        (await Cli.RunAsync(folder.Path, "run", "p.yaml", "--until", "caught-up")).Succeeded();
        Assert.Equal(1000, fixture.Kafka.CommittedOffset(topic.Group, topic.Name));
        Publish(topic, 1000, 500);
        var second = await Cli.RunAsync(folder.Path, "run", "p.yaml", "--until", "caught-up", "--output", "json");

        second.Succeeded();
        Assert.Equal(500, JsonDocument.Parse(second.Out.Trim().Split('\n')[^1]).RootElement.GetProperty("read").GetInt64());
        Assert.Equal(1500, fixture.Kafka.CommittedOffset(topic.Group, topic.Name));
        Assert.Equal(Numbers(1500), Written(folder));
    }

    [Theory]
    [InlineData(CrashPoint.AfterSinkOpen, 1)]
    [InlineData(CrashPoint.AfterWrite, 3)]
    [InlineData(CrashPoint.BeforeSinkCommit, 2)]
    [InlineData(CrashPoint.AfterSinkCommit, 2)]
    [InlineData(CrashPoint.AfterStateCommit, 3)]
    [InlineData(CrashPoint.AfterAcknowledge, 2)]
    [Trait("claim", "KAFKA-18")]
    public async Task A_process_that_dies_loses_nothing_and_doubles_nothing_into_an_effectively_once_sink(string point, int time)
    {
        using var folder = new TemporaryFolder();
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 3);
        Publish(topic, 0, Messages, partitions: 3);
        folder.Write("p.yaml", Pipeline(topic) + "delivery: effectively-once\ncommit-interval: 20ms\n");

        var killed = await Cli.RunAsync(
            folder.Path,
            ["run", "p.yaml", "--until", "caught-up"],
            new Dictionary<string, string> { [CrashPoint.Variable] = $"{point}:{time}" });
        Assert.True(killed.ExitCode == CliResult.Killed, $"It ended with {killed.ExitCode}. {killed.Error}");
        (await Cli.RunAsync(folder.Path, "run", "p.yaml", "--until", "caught-up")).Succeeded();

        Assert.Equal(Numbers(Messages), Written(folder).Order());
    }

    [Fact]
    public async Task A_process_that_dies_as_a_member_of_a_group_loses_nothing()
    {
        using var folder = new TemporaryFolder();
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 2);
        Publish(topic, 0, Messages, partitions: 2);
        folder.Write("p.yaml", Pipeline(topic) + "commit-interval: 20ms\n");

        var killed = await Cli.RunAsync(
            folder.Path,
            ["run", "p.yaml", "--until", "caught-up"],
            new Dictionary<string, string> { [CrashPoint.Variable] = $"{CrashPoint.AfterStateCommit}:3" });
        Assert.True(killed.ExitCode == CliResult.Killed, $"It ended with {killed.ExitCode}. {killed.Error}");
        (await Cli.RunAsync(folder.Path, "run", "p.yaml", "--until", "caught-up")).Succeeded();

        Assert.Equal(Numbers(Messages), Written(folder).Distinct().Order());
    }

    [Fact]
    [Trait("claim", "KAFKA-21")]
    public async Task Brokers_that_go_down_and_come_back_cost_no_record()
    {
        await using var kafka = await TestKafka.StartAsync();
        using var folder = new TemporaryFolder();
        var topic = await KafkaTopic.CreateAsync(kafka, partitions: 2);
        Publish(topic, 0, 1000, partitions: 2);
        folder.Write("p.yaml", Pipeline(topic, kafka) + "delivery: effectively-once\ncommit-interval: 20ms\n");

        using var process = Cli.Start(folder.Path, ["run", "p.yaml"]);
        var finished = Cli.FinishAsync(process);
        await WrittenAsync(folder, 1000, finished);
        await kafka.SetDownAsync();
        await kafka.SetUpAsync();
        Publish(topic, 1000, 1000, partitions: 2);
        await WrittenAsync(folder, 2000, finished);
        Assert.Equal(0, Signal(process.Id, 15));
        (await finished).Succeeded();

        Assert.Equal(Numbers(2000), Written(folder).Order());
    }

    [Fact]
    [Trait("claim", "KAFKA-16")]
    public async Task Instances_of_a_pipeline_share_the_partitions_and_one_that_is_killed_is_made_up_for()
    {
        using var folder = new TemporaryFolder();
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 4);
        folder.Write("p.yaml", Pipeline(topic).Replace("out.ndjson", "\"out-${env:INSTANCE}.ndjson\"", StringComparison.Ordinal) + "commit-interval: 20ms\n");
        Publish(topic, 0, 400, partitions: 4);
        using var first = StartInstance("a");
        var firstRun = Cli.FinishAsync(first);
        await Eventually.Is(() => Count("a") == 400);
        using var second = StartInstance("b");
        var secondRun = Cli.FinishAsync(second);
        var published = 400;
        await Eventually.Is(() =>
        {
            Publish(topic, published, 40, partitions: 4);
            published += 40;
            return Count("b") > 0;
        });

        first.Kill();
        Assert.Equal(CliResult.Killed, (await firstRun).ExitCode);
        Publish(topic, published, 400, partitions: 4);
        published += 400;
        await Eventually.Is(() => Lines("a").Concat(Lines("b")).Distinct().Count() == published);
        Assert.Equal(0, Signal(second.Id, 15));
        (await secondRun).Succeeded();

        Assert.Equal(Numbers(published), Lines("a").Concat(Lines("b")).Distinct().Order());

        System.Diagnostics.Process StartInstance(string name) =>
            Cli.Start(folder.Path, ["run", "p.yaml", "--instance", name], new Dictionary<string, string> { ["INSTANCE"] = name });

        List<int> Lines(string name) => File.Exists(folder[$"out-{name}.ndjson"]) ? Written(folder, $"out-{name}.ndjson") : [];

        int Count(string name) => Lines(name).Count;
    }

    [Fact]
    public async Task Instances_that_would_all_read_everything_are_refused()
    {
        using var folder = new TemporaryFolder();
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        folder.Write("p.yaml", Pipeline(topic) + "delivery: effectively-once\n");

        var run = await Cli.RunAsync(folder.Path, "run", "p.yaml", "--instance", "a");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("would read all partitions", run.Error, StringComparison.Ordinal);
        Assert.Contains("delivery: at-least-once", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_stays_bounded_while_the_sink_stands_still()
    {
        const long MostBytes = 400L << 20;
        using var folder = new TemporaryFolder();
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 40);
        var text = new string('x', 4000);
        for (var partition = 0; partition < 40; partition++)
        {
            topic.WriteTo(partition, [.. Enumerable.Range(0, 1000).Select(n => $$"""{"n":{{n}},"text":"{{text}}"}""")]);
        }

        // 160 MB are there; what a run may hold of them is 1 MiB and a few batches. Its output is a pipe that nobody reads.
        folder.Write("p.yaml", Pipeline(topic).Replace("session-timeout: 6s", "session-timeout: 6s, buffer-bytes: 1MiB", StringComparison.Ordinal)
            .Replace("out.ndjson", "out.pipe", StringComparison.Ordinal));
        using var make = System.Diagnostics.Process.Start("mkfifo", [folder["out.pipe"]]);
        await make.WaitForExitAsync();
        using var process = Cli.Start(folder.Path, ["run", "p.yaml", "--verbose"]);
        string? said;
        long most;
        try
        {
            await using var unread = await Task.Run(() => File.OpenRead(folder["out.pipe"])).WaitAsync(TimeSpan.FromMinutes(2));
            do
            {
                said = await process.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2));
            }
            while (said?.Contains("paused", StringComparison.Ordinal) == false);

            process.Refresh();
            most = process.WorkingSet64;
        }
        finally
        {
            process.Kill();
        }

        Assert.NotNull(said);
        Assert.True(most < MostBytes, $"It held {most >> 20} MiB.");
    }

    [Fact]
    public async Task The_example_of_the_guide_runs_as_it_stands()
    {
        using var folder = new TemporaryFolder();
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root!.FullName, "DataFlow.slnx")))
        {
            root = root.Parent;
        }

        folder.Write("pipeline.yaml", File.ReadAllText(Path.Combine(root.FullName, "examples", "kafka", "pipeline.yaml")));
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.WriteTo(0, ["""{"id":"a","amount":99.9}""", """{"id":"b","amount":100}""", """{"id":"c","amount":250.50}"""]);

        (await Cli.RunAsync(
            folder.Path,
            ["run", "pipeline.yaml", "--until", "caught-up"],
            new Dictionary<string, string> { ["KAFKA_BROKERS"] = fixture.Kafka.Address, ["KAFKA_TOPIC"] = topic.Name })).Succeeded();

        Assert.Equal(["""{"id":"b","amount":100}""", """{"id":"c","amount":250.50}"""], File.ReadLines(folder["out/large-orders.ndjson"]));
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);

    private static void Publish(KafkaTopic topic, int from, int count, int partitions = 1)
    {
        for (var partition = 0; partition < partitions; partition++)
        {
            var own = partition;
            topic.WriteTo(partition, [.. Enumerable.Range(from, count).Where(n => n % partitions == own).Select(n => $$"""{"n":{{n}},"text":"message {{n}}"}""")]);
        }
    }

    private static IEnumerable<int> Numbers(int count) => Enumerable.Range(0, count);

    /// <summary>The numbers in a file, without a line that is just being written.</summary>
    private static List<int> Written(TemporaryFolder folder, string file = "out.ndjson") =>
        [.. File.ReadAllText(folder[file]).Split('\n')[..^1].Select(line => JsonDocument.Parse(line).RootElement.GetProperty("n").GetInt32())];

    /// <summary>Waits until the file has so many lines, or the command has ended.</summary>
    private static async Task WrittenAsync(TemporaryFolder folder, int lines, Task<CliResult> finished)
    {
        while (!File.Exists(folder["out.ndjson"]) || File.ReadLines(folder["out.ndjson"]).Count() < lines)
        {
            Assert.False(finished.IsCompleted, finished.IsCompleted ? (await finished).Error : "");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    private string Pipeline(KafkaTopic topic, TestKafka? kafka = null) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        name: p
        source:
          type: kafka
          connection: {{(kafka ?? fixture.Kafka).Address}}
          options: { topic: {{topic.Name}}, group-id: {{topic.Group}}, session-timeout: 6s }
          batch-size: 100
          poll-interval-ms: 50
        sink:
          type: file
          connection: out.ndjson

        """);
}
