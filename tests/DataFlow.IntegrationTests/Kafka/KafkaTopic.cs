using System.Text;
using Confluent.Kafka;
using DataFlow.KafkaBroker;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>A topic of one test: what is written to it, and configurations that read it.</summary>
internal sealed class KafkaTopic(TestKafka kafka, string name)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public string Name => name;

    /// <summary>A group that only this test has, because a group of several waits for its members.</summary>
    public string Group => $"group-of-{name}";

    public static async Task<KafkaTopic> CreateAsync(TestKafka kafka, int partitions = 1) => new(kafka, await kafka.CreateTopicAsync(partitions));

    /// <summary>Writes messages, in order, and waits until all are there.</summary>
    public void Write(params IEnumerable<(string? Key, string? Value)> messages) =>
        Write(messages.Select(message => new Message<byte[]?, byte[]?> { Key = Bytes(message.Key), Value = Bytes(message.Value) }));

    /// <summary>Writes values without keys into one partition.</summary>
    public void WriteTo(int partition, IReadOnlyList<string> values) =>
        Write(values.Select(value => new Message<byte[]?, byte[]?> { Value = Bytes(value) }), partition);

    /// <summary>As above, into one partition.</summary>
    public void Write(IEnumerable<Message<byte[]?, byte[]?>> messages, int partition = 0)
    {
        using var producer = kafka.CreateProducer();
        foreach (var message in messages)
        {
            producer.Produce(new TopicPartition(name, partition), message);
        }

        producer.Flush(Limit);
    }

    /// <summary>A configuration that reads the topic.</summary>
    public SourceConfig Config(params (string Key, string Value)[] options)
    {
        var all = new Dictionary<string, string> { ["topic"] = name, ["group-id"] = Group, ["session-timeout"] = "6s" };
        foreach (var (key, value) in options)
        {
            all[key] = value;
        }

        return new SourceConfig
        {
            SourceType = SourceType.Kafka,
            ConnectionString = kafka.Address,
            Options = all,
            BatchSize = 1000,
            PollIntervalMs = 50,
        };
    }

    /// <summary>Reads the given number of records through the Source API and stops.</summary>
    public static async Task<List<DataRecord>> ReadAsync(Source source, int count)
    {
        using var limit = new CancellationTokenSource(Limit);
        var records = new List<DataRecord>();
        await foreach (var record in source.Stream(limit.Token))
        {
            records.Add(record);
            if (records.Count == count)
            {
                break;
            }
        }

        return records;
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
