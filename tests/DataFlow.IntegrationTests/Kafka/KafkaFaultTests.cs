using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using DataFlow.Conformance;
using DataFlow.KafkaBroker;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>What goes wrong between us and the brokers: a sentence, an outcome, and nothing lost.</summary>
public sealed class KafkaFaultTests : IAsyncLifetime
{
    private const int Fetch = 1;
    private const int OffsetCommit = 8;
    private const int FindCoordinator = 10;
    private const int JoinGroup = 11;
    private const int Heartbeat = 12;

    private TestKafka _kafka = null!;
    private KafkaTopic _topic = null!;

    public async ValueTask InitializeAsync()
    {
        _kafka = await TestKafka.StartAsync();
        _topic = await KafkaTopic.CreateAsync(_kafka);
    }

    public ValueTask DisposeAsync() => _kafka.DisposeAsync();

    [Fact]
    public async Task A_topic_that_is_not_there_is_named_with_those_that_are()
    {
        var error = await Failure(_topic.Config(("topic", "ordres")));

        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.Contains("'ordres'", error.Message, StringComparison.Ordinal);
        Assert.Contains(_topic.Name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "KAFKA-29")]
    public async Task Brokers_that_do_not_answer_are_a_connection_timeout_that_names_each_address()
    {
        var config = _topic.Config(("connect-timeout", "2s")) with { ConnectionString = "127.0.0.1:1,127.0.0.1:2" };

        var reason = await WaitingReason(config);

        Assert.StartsWith("Connection timeout", reason, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1,127.0.0.1:2", reason, StringComparison.Ordinal);
        Assert.Contains("Check the broker addresses, the network, and that Kafka is running", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_where_something_else_listens_is_a_connection_timeout()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var answering = AnswerAsHttpAsync(other);

        var reason = await WaitingReason(_topic.Config(("connect-timeout", "2s")) with { ConnectionString = other.LocalEndpoint.ToString()! });
        other.Stop();
        await answering;

        Assert.StartsWith("Connection timeout", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_refused_at_once_and_printed_nowhere()
    {
        await using var broker = new RefusingBroker();
        var log = new CollectedLog();
        var config = _topic.Config(("sasl", "plain"), ("username", "me"), ("password", "not-the-right-one")) with { ConnectionString = broker.Address };

        var error = await Assert.ThrowsAsync<ConnectorException>(
            () => KafkaTopic.ReadAsync(Source.Create("p", config, new SourceServices { Logger = log }), 1));

        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
        Assert.Contains($"{broker.Address} refused the login", error.Message, StringComparison.Ordinal);
        Assert.Contains("Invalid username or password", error.Message, StringComparison.Ordinal);
        Assert.All([error.ToString(), .. log.Lines], text => Assert.DoesNotContain("not-the-right-one", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failure_within_an_assignment_ends_the_run_with_its_sentence()
    {
        var error = await Failure(_topic.Config(("auto-offset-reset", "error")));

        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.Contains("no committed offset", error.Message, StringComparison.Ordinal);
        Assert.Contains("auto-offset-reset", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "KAFKA-32")]
    public async Task A_group_that_the_user_may_not_use_pauses_the_pipeline_and_names_the_right()
    {
        const int GroupAuthorizationFailed = 30;
        await _kafka.FailNextAsync(FindCoordinator, [.. Enumerable.Repeat(GroupAuthorizationFailed, 20)]);

        var error = await Failure(_topic.Config());

        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.Contains(_topic.Group, error.Message, StringComparison.Ordinal);
        Assert.Contains("READ on the group", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_timeout_that_the_brokers_do_not_take_is_refused_with_their_bounds()
    {
        const int InvalidSessionTimeout = 26;
        await _kafka.FailNextAsync(JoinGroup, [.. Enumerable.Repeat(InvalidSessionTimeout, 20)]);

        var error = await Failure(_topic.Config());

        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.Contains("session-timeout", error.Message, StringComparison.Ordinal);
        Assert.Contains("group.max.session.timeout.ms", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_that_the_user_may_not_read_pauses_the_pipeline_and_names_the_right()
    {
        const int TopicAuthorizationFailed = 29;
        _topic.Write((null, "{}"));
        await _kafka.FailNextAsync(Fetch, [.. Enumerable.Repeat(TopicAuthorizationFailed, 20)]);

        var error = await Failure(_topic.Config());

        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.Contains("READ and DESCRIBE", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "KAFKA-23")]
    public async Task A_commit_that_fails_is_repeated()
    {
        const int NotCoordinator = 16;
        await _kafka.FailNextAsync(OffsetCommit, NotCoordinator, NotCoordinator);
        var taken = await TakeAllAsync(100, async () => await Eventually.Is(() => _kafka.CommittedOffset(_topic.Group, _topic.Name) == 100));

        Assert.Equal(100, taken.Distinct().Count());
    }

    [Theory]
    [InlineData(Heartbeat, 25, 27, 22)]
    [InlineData(JoinGroup, 16, 25, 15)]
    [InlineData(Fetch, -195, 6, 74)]
    [InlineData(FindCoordinator, 15, 15, 15)]
    public async Task Errors_that_pass_cost_no_record(int request, int first, int second, int third)
    {
        await _kafka.FailNextAsync(request, first, second, third);

        var taken = await TakeAllAsync(200, () => _kafka.FailNextAsync(request, first, second, third), more: 200);

        Assert.Equal(400, taken.Distinct().Count());
    }

    [Fact]
    public async Task Messages_that_retention_has_deleted_are_reported_and_reading_goes_on_with_the_first_that_is_left()
    {
        var log = new CollectedLog();
        await TakeAllAsync(5, () => Task.CompletedTask);
        Publish(5, 7);
        Publish(12, 8);
        await _kafka.DeleteRecordsAsync(_topic.Name, 0, 12);

        var records = await KafkaTopic.ReadAsync(Source.Create("p", _topic.Config(("auto-offset-reset", "latest")), new SourceServices { Logger = log }), 8);

        Assert.Equal(Enumerable.Range(12, 8).Select(n => (long)n), records.Select(record => record.GetInt64("n")));
        Assert.Contains(log.Lines, line => line.Contains("deleted them before they were read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Messages_that_retention_deletes_in_front_of_a_slow_sink_are_reported_and_reading_goes_on()
    {
        const int Deleted = 3500;
        var text = new string('x', 1000);
        _topic.WriteTo(0, [.. Enumerable.Range(0, 4000).Select(n => $$"""{"n":{{n}},"text":"{{text}}"}""")]);
        var log = new CollectedLog();
        var taken = new ConcurrentQueue<long>();
        var take = Into(taken);
        var standing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var source = Source.Create("p", _topic.Config(("buffer-bytes", "1MiB")) with { BatchSize = 10 }, new SourceServices { Logger = log });
        var run = source.Start(async (records, ct) =>
        {
            await standing.Task;
            await take(records, ct);
        });
        await Eventually.Is(() => log.Lines.Any(line => line.Contains("paused", StringComparison.Ordinal)));
        await _kafka.DeleteRecordsAsync(_topic.Name, 0, Deleted);
        standing.SetResult();
        await Eventually.Is(() => taken.Contains(3999));
        await source.Stop();
        await run;

        var numbers = taken.ToList();
        Assert.Equal(Enumerable.Range(Deleted, 500).Select(n => (long)n), numbers.Where(n => n >= Deleted));
        var before = numbers.Where(n => n < Deleted).ToList();
        Assert.Equal(Enumerable.Range(0, before.Count).Select(n => (long)n), before);
        Assert.Contains(log.Lines, line => line.Contains($"{Deleted - before.Count} messages", StringComparison.Ordinal)
            && line.Contains("deleted them before they were read", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("at-least-once")]
    [InlineData("effectively-once")]
    public async Task A_topic_that_is_made_anew_while_it_is_read_is_read_from_its_beginning(string delivery)
    {
        using var folder = new TemporaryFolder();
        Publish(0, 10);
        folder.Write("p.yaml", $$"""
            name: p
            source: { type: kafka, connection: "{{_kafka.Address}}", options: { topic: {{_topic.Name}}, session-timeout: 6s }, poll-interval-ms: 50 }
            sink: { type: file, connection: out.ndjson }
            delivery: {{delivery}}
            commit-interval: 20ms

            """);
        using var process = Cli.Start(folder.Path, ["run", "p.yaml"]);
        var finished = Cli.FinishAsync(process);
        await WrittenAsync(10);
        await _kafka.DeleteTopicAsync(_topic.Name);
        await _kafka.CreateTopicOfAsync(_topic.Name);
        Publish(10, 5);
        await WrittenAsync(15);
        process.Kill();
        var run = await finished;

        Assert.Equal(Enumerable.Range(0, 15).Select(n => $$"""{"n":{{n}}}"""), File.ReadLines(folder["out.ndjson"]));
        Assert.Contains("made anew", run.Error, StringComparison.Ordinal);

        Task WrittenAsync(int lines) => Eventually.Is(
            () => finished.IsCompleted || (File.Exists(folder["out.ndjson"]) && File.ReadLines(folder["out.ndjson"]).Count() >= lines));
    }

    [Fact]
    public async Task A_topic_that_is_deleted_makes_the_source_unhealthy_until_it_is_there_again()
    {
        var taken = new ConcurrentQueue<long>();
        await using var source = Source.Create("p", _topic.Config());
        var run = source.Start(Into(taken));
        Publish(0, 10);
        await Eventually.Is(() => taken.Count == 10);

        await _kafka.DeleteTopicAsync(_topic.Name);
        await Eventually.Is(() => !source.IsHealthy);
        Assert.Contains("The topic was deleted", source.HealthReason, StringComparison.Ordinal);
        await _kafka.CreateTopicOfAsync(_topic.Name);
        Publish(10, 5);
        await Eventually.Is(() => taken.Count == 15 && source.IsHealthy);
        await source.Stop();
        await run;
    }

    [Fact]
    public async Task An_offset_to_start_at_that_is_not_there_is_refused_with_those_that_are()
    {
        Publish(0, 5);

        var error = await Failure(_topic.Config(("auto-offset-reset", $"{_topic.Name}:0:9")));

        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.Contains("Give an offset from 0 to 5", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_while_no_broker_answers_ends_in_time()
    {
        var taken = new ConcurrentQueue<long>();
        var source = Source.Create("p", _topic.Config());
        var run = source.Start(Into(taken));
        Publish(0, 10);
        await Eventually.Is(() => taken.Count == 10);
        await _kafka.SetDownAsync();
        await Eventually.Is(() => !source.IsHealthy);

        // Fails with a time-out after the guide's 30 seconds.
        await source.Stop();

        await run;
    }

    [Theory]
    [InlineData(20)]
    [InlineData(600)]
    [Trait("claim", "KAFKA-21")]
    public async Task Brokers_that_are_gone_for_long_cost_no_record(int seconds)
    {
        Assert.SkipUnless(seconds <= 20 || Environment.GetEnvironmentVariable("DATAFLOW_SOAK") == "1", "Ten minutes are a soak test: DATAFLOW_SOAK=1.");

        var taken = await TakeAllAsync(
            100,
            async () =>
            {
                await _kafka.SetDownAsync();
                await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
                await _kafka.SetUpAsync();
            },
            more: 100);

        Assert.Equal(200, taken.Distinct().Count());
    }

    [Fact]
    [Trait("claim", "KAFKA-21")]
    public async Task A_broker_that_is_gone_makes_the_source_unhealthy_until_it_is_back()
    {
        var taken = new ConcurrentQueue<long>();
        await using var source = Source.Create("p", _topic.Config());
        var run = source.Start(Into(taken));
        Publish(0, 10);
        await Eventually.Is(() => taken.Count == 10);
        Assert.True(source.IsHealthy);

        await _kafka.SetDownAsync();
        await Eventually.Is(() => !source.IsHealthy);
        Assert.Contains("Kafka at", source.HealthReason, StringComparison.Ordinal);
        await _kafka.SetUpAsync();
        await Eventually.Is(() => source.IsHealthy);
        Publish(10, 10);
        await Eventually.Is(() => taken.Distinct().Count() == 20);
        await source.Stop();
        await run;
    }

    private static async Task AnswerAsHttpAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"u8.ToArray());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
        {
            // The test is over.
        }
    }

    private static Func<IReadOnlyList<DataRecord>, CancellationToken, ValueTask> Into(ConcurrentQueue<long> taken) => (records, _) =>
    {
        foreach (var record in records)
        {
            taken.Enqueue(record.GetInt64("n"));
        }

        return ValueTask.CompletedTask;
    };

    private static async Task<ConnectorException> Failure(SourceConfig config) =>
        await Assert.ThrowsAsync<ConnectorException>(() => KafkaTopic.ReadAsync(Source.Create("p", config), 1));

    /// <summary>Why a source waits that tries again for ever.</summary>
    private static async Task<string> WaitingReason(SourceConfig config)
    {
        await using var source = Source.Create("p", config);
        var run = source.Start(Into([]));
        await Eventually.Is(() => run.IsCompleted || (!source.IsHealthy && source.HealthReason?.Contains("Next attempt", StringComparison.Ordinal) == true));
        Assert.False(run.IsCompleted);
        return source.HealthReason!;
    }

    private void Publish(int from, int count) => _topic.WriteTo(0, [.. Enumerable.Range(from, count).Select(n => $$"""{"n":{{n}}}""")]);

    /// <summary>Reads while something happens, and stops.</summary>
    private async Task<IReadOnlyCollection<long>> TakeAllAsync(int count, Func<Task> meanwhile, int more = 0)
    {
        var taken = new ConcurrentQueue<long>();
        Publish(0, count);
        await using var source = Source.Create("p", _topic.Config());
        var run = source.Start(Into(taken));
        await Eventually.Is(() => taken.Distinct().Count() == count);
        await meanwhile();
        Publish(count, more);
        await Eventually.Is(() => taken.Distinct().Count() == count + more);
        await source.Stop();
        await run;
        return taken;
    }
}
