using System.Globalization;
using System.Text;
using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>Makes topic, partition, key and headers of a record. Immutable.</summary>
internal sealed class KafkaMapping
{
    private readonly RecordText _topic;
    private readonly RecordText _key;
    private readonly RecordText? _partition;
    private readonly bool _keyIsRequired;
    private readonly IReadOnlyList<(string Name, RecordText Value)> _headers;

    public KafkaMapping(KafkaSinkOptions options)
    {
        RecordText.TryParse(options.Topic, out _topic);
        IsOneTopic = !options.Topic.Contains('{', StringComparison.Ordinal);
        _keyIsRequired = options.Key.Length > 0;
        _key = RecordText.Reference(_keyIsRequired ? options.Key : "@kafka_key");
        _partition = options.Partition.Length > 0 ? RecordText.Reference(options.Partition) : null;
        _headers = [.. options.Headers.Select(header =>
        {
            RecordText.TryParse(header.Value, out var value);
            return (header.Key, value);
        })];
    }

    /// <summary>True when all records go to the same topic.</summary>
    public bool IsOneTopic { get; }

    /// <summary>Where a record goes and under which key.</summary>
    /// <returns>Why it can't go anywhere; null when it can.</returns>
    public RefusedRow? TryMap(RecordBatch batch, int row, out TopicPartition target, out Message<byte[]?, byte[]?> message)
    {
        target = null!;
        message = new Message<byte[]?, byte[]?>();
        var topic = _topic.Of(batch, row);
        if (topic is null || KafkaTopics.Problem(topic) is not null)
        {
            return new RefusedRow(
                row, "bad-topic", topic is null ? "The record lacks a field that the topic's name is made of." : $"The record would go to the topic '{topic}', which is no valid name.");
        }

        var key = _key.Of(batch, row);
        if (key is null && _keyIsRequired)
        {
            return new RefusedRow(row, "no-key", "The record lacks the field that the option key names, or it is null there.");
        }

        var partition = Confluent.Kafka.Partition.Any;
        if (_partition is not null)
        {
            var text = _partition.Of(batch, row);
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return new RefusedRow(row, "bad-partition", $"'{text}' is no number of a partition; the option partition must name a field with 0, 1, 2, ...");
            }

            partition = new Partition(number);
        }

        target = new TopicPartition(topic, partition);
        message.Key = key is null ? null : Encoding.UTF8.GetBytes(key);
        if (_headers.Count > 0)
        {
            message.Headers = [];
            foreach (var (name, value) in _headers)
            {
                if (value.Of(batch, row) is { } text)
                {
                    message.Headers.Add(name, Encoding.UTF8.GetBytes(text));
                }
            }
        }

        return null;
    }
}
