using System.Buffers;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace DataFlow.Connectors;

/// <summary>
/// The checkpoint of a pipeline in a compacted topic: written in the same transaction as the records, read again with what was
/// committed only. Partition 0, so that it is found however many partitions the topic has.
/// </summary>
internal sealed class KafkaCheckpoints(string topic, string pipeline, IReadOnlyDictionary<string, string> properties, TimeSpan limit)
{
    private const long FirstWindow = 1000;

    private TopicPartition Target { get; } = new(topic, 0);

    /// <summary>Creates the topic if it is not there.</summary>
    /// <exception cref="ConnectorException">It is not there and can't be made.</exception>
    public async Task EnsureTopicAsync(Handle client)
    {
        using var admin = new DependentAdminClientBuilder(client).Build();
        if (admin.GetMetadata(limit).Topics.Any(known => known.Topic == topic))
        {
            return;
        }

        try
        {
            await admin.CreateTopicsAsync(
                [
                    new TopicSpecification
                    {
                        Name = topic,
                        NumPartitions = 1,
                        ReplicationFactor = -1,
                        Configs = new Dictionary<string, string> { ["cleanup.policy"] = "compact", ["segment.bytes"] = "16777216" },
                    },
                ],
                new CreateTopicsOptions { RequestTimeout = limit, OperationTimeout = limit }).ConfigureAwait(false);
        }
        catch (CreateTopicsException exception) when (exception.Results.All(result => result.Error.Code is ErrorCode.TopicAlreadyExists or ErrorCode.NoError))
        {
            // Another pipeline was faster.
        }
        catch (KafkaException exception) when (!KafkaFaults.IsConnection(exception.Error))
        {
            throw ConnectorException.User(
                $"The topic {topic}, which holds the checkpoints of delivery: effectively-once, is not there and can't be created ({KafkaFaults.Reason(exception.Error)}). "
                + $"Create it with one partition and cleanup.policy=compact, or name another one by checkpoint-topic.",
                exception);
        }
    }

    /// <summary>The last checkpoint of the pipeline; null when there is none.</summary>
    public Checkpoint? Read()
    {
        var own = new Dictionary<string, string>(properties)
        {
            ["group.id"] = $"dataflow-checkpoints-{pipeline}",
            ["enable.auto.commit"] = "false",
            ["isolation.level"] = "read_committed",
            ["enable.partition.eof"] = "true",
            ["auto.offset.reset"] = "earliest",
        };
        using var consumer = Consumer(own);

        // To a reader of committed messages the topic ends where another pipeline's open transaction begins, and our last checkpoint
        // may stand behind that: so the end is what the topic really has.
        using var asking = Consumer(new Dictionary<string, string>(own) { ["isolation.level"] = "read_uncommitted" });
        var range = asking.QueryWatermarkOffsets(Target, limit);

        // The newest stand last, and old ones are compacted away late: so it is looked for from the end.
        for (var window = FirstWindow; ; window *= 8)
        {
            var from = Math.Max(range.Low.Value, range.High.Value - window);
            var found = Last(consumer, from, range.High.Value);
            if (found is not null || from == range.Low.Value)
            {
                return found;
            }
        }
    }

    /// <summary>A checkpoint as a message.</summary>
    public (KafkaMessage Message, byte[] Value) ToMessage(Checkpoint checkpoint)
    {
        var message = new KafkaMessage { Partition = Target.Partition.Value, HasKey = true };
        message.Topic.Write(Encoding.UTF8.GetBytes(topic + '\0'));
        message.Key.Write(Encoding.UTF8.GetBytes(pipeline));
        return (message, JsonSerializer.SerializeToUtf8Bytes(new Stored(
            1,
            checkpoint.Generation,
            checkpoint.Epoch,
            checkpoint.Sequence,
            checkpoint.Counters,
            checkpoint.Splits.ToDictionary(split => split.Key, split => new StoredSplit(split.Value.Offset, split.Value.Json)))));
    }

    private static IConsumer<byte[]?, byte[]?> Consumer(Dictionary<string, string> properties) =>
        new ConsumerBuilder<byte[]?, byte[]?>(properties).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    private Checkpoint? Last(IConsumer<byte[]?, byte[]?> consumer, long from, long end)
    {
        var key = Encoding.UTF8.GetBytes(pipeline);
        Checkpoint? last = null;
        consumer.Assign(new TopicPartitionOffset(Target, from));
        while (true)
        {
            var result = consumer.Consume(limit)
                ?? throw ConnectorException.External(
                    $"The topic {topic} with the checkpoints could not be read to its end within {limit.TotalSeconds:0} s: its broker does not answer, "
                    + "or a transaction of another pipeline is open there, which its brokers end after that one's delivery-timeout.");
            if (result.IsPartitionEOF)
            {
                if (result.Offset.Value >= end)
                {
                    return last;
                }

                continue;
            }

            if (result.Message.Key is { } found && found.AsSpan().SequenceEqual(key) && result.Message.Value is { } value)
            {
                last = Parse(value);
            }
        }
    }

    private Checkpoint Parse(byte[] value)
    {
        try
        {
            var stored = JsonSerializer.Deserialize<Stored>(value)!;
            return new Checkpoint(
                stored.Generation,
                stored.Epoch,
                stored.Sequence,
                stored.Splits.ToDictionary(split => split.Key, split => new SplitPosition(split.Value.Offset, split.Value.Json)),
                stored.Counters,
                SinkState: null);
        }
        catch (JsonException exception)
        {
            throw ConnectorException.User(
                $"The topic {topic} holds something under the key '{pipeline}' that is no checkpoint. Use another checkpoint-topic, or start over under another pipeline name.", exception);
        }
    }

    private sealed record Stored(
        int V, long Generation, long Epoch, long Sequence, RecordCounters Counters, IReadOnlyDictionary<string, StoredSplit> Splits);

    private sealed record StoredSplit(long Offset, string Json);
}
