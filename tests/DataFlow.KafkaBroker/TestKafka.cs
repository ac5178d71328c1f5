using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace DataFlow.KafkaBroker;

/// <summary>
/// A Kafka cluster for a test: the mock in a process of its own, which ends with this one, or the broker that
/// <c>DATAFLOW_TEST_KAFKA=host:port</c> names.
/// </summary>
public sealed class TestKafka : IAsyncDisposable
{
    /// <summary>The environment variable that names a real broker.</summary>
    public const string Variable = "DATAFLOW_TEST_KAFKA";

    private readonly Process? _process;

    private TestKafka(string address, Process? process)
    {
        Address = address;
        _process = process;
    }

    /// <summary>The bootstrap servers.</summary>
    public string Address { get; }

    /// <summary>True for a broker that is not the mock.</summary>
    public bool IsReal => _process is null;

    /// <summary>A real broker that runs already.</summary>
    public static TestKafka At(string address) => new(address, null);

    /// <summary>Starts a cluster, or takes the one that is given.</summary>
    public static async Task<TestKafka> StartAsync(int brokers = 1)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } address)
        {
            return At(address);
        }

        var start = new ProcessStartInfo(
            "dotnet", [typeof(TestKafka).Assembly.Location, brokers.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        return new TestKafka((await process.StandardOutput.ReadLineAsync())!, process);
    }

    /// <summary>Makes a topic with a name that no other test has.</summary>
    /// <param name="partitions">How many.</param>
    /// <param name="prefix">The name begins with it.</param>
    /// <param name="mostBytes">Most bytes of the messages that come together; only a real broker cares.</param>
    public Task<string> CreateTopicAsync(int partitions = 1, string prefix = "topic", int? mostBytes = null) =>
        CreateTopicOfAsync($"{prefix}-{Guid.NewGuid().ToString("N")[..8]}", partitions, mostBytes);

    /// <summary>Makes a topic of this very name.</summary>
    public async Task<string> CreateTopicOfAsync(string name, int partitions = 1, int? mostBytes = null)
    {
        if (IsReal)
        {
            using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Address }).Build();
            var configs = mostBytes is { } most
                ? new Dictionary<string, string> { ["max.message.bytes"] = most.ToString(CultureInfo.InvariantCulture) }
                : [];
            await admin.CreateTopicsAsync([new TopicSpecification { Name = name, NumPartitions = partitions, ReplicationFactor = 1, Configs = configs }]);
        }
        else
        {
            await DoAsync($"topic {name} {partitions}");
        }

        return name;
    }

    /// <summary>Stops a broker's network, counted from 1. Only the mock can.</summary>
    public Task SetDownAsync(int broker = 1) => DoAsync($"down {broker}");

    /// <summary>Lets a broker answer again.</summary>
    public Task SetUpAsync(int broker = 1) => DoAsync($"up {broker}");

    /// <summary>Answers the next requests of a kind with these errors. Only the mock can.</summary>
    public Task FailNextAsync(int apiKey, params int[] errors) => DoAsync($"errors {apiKey} {string.Join(',', errors)}");

    /// <summary>Answers all questions about a topic with an error, as for one that is not there. Only the mock can.</summary>
    public Task FailTopicAsync(string topic, int error) => DoAsync($"topic-error {topic} {error}");

    /// <summary>Deletes a topic with all of its messages. Only the mock can.</summary>
    public Task DeleteTopicAsync(string topic) => DoAsync($"topic-delete {topic}");

    /// <summary>Deletes the messages before an offset, as retention does. Only the mock can.</summary>
    public Task DeleteRecordsAsync(string topic, int partition, long before) => DoAsync($"delete-records {topic} {partition} {before}");

    /// <summary>A producer without any settings but the address.</summary>
    public IProducer<byte[]?, byte[]?> CreateProducer() =>
        new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig { BootstrapServers = Address, LingerMs = 20, EnableIdempotence = true })
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .Build();

    /// <summary>The offset that a group has committed in a partition; -1 when there is none.</summary>
    public long CommittedOffset(string group, string topic, int partition = 0)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = Address, GroupId = group })
            .SetLogHandler((_, _) => { })
            .Build();
        var committed = consumer.Committed([new TopicPartition(topic, partition)], TimeSpan.FromSeconds(60));
        return Math.Max(-1, committed[0].Offset.Value);
    }

    /// <summary>Commits an offset for a group that has no members.</summary>
    public void Commit(string group, string topic, int partition, long next)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = Address, GroupId = group })
            .SetLogHandler((_, _) => { })
            .Build();
        consumer.Commit([new TopicPartitionOffset(topic, partition, next)]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private async Task DoAsync(string command)
    {
        if (_process is not { } process)
        {
            // The prefix is how xunit.v3 recognises a test that skips itself.
            throw new NotSupportedException($"$XunitDynamicSkip$The broker that {Variable} names can't be made to do this: {command}.");
        }

        await process.StandardInput.WriteLineAsync(command);
        var answer = await process.StandardOutput.ReadLineAsync();
        if (answer != "ok")
        {
            throw new InvalidOperationException($"The mock cluster could not do '{command}': {answer}.");
        }
    }
}
