using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>Makes topic, partition, key and headers of a record. One record at a time.</summary>
internal sealed class KafkaMapping
{
    private readonly ArrayBufferWriter<byte> _number = new();
    private readonly RecordText _topic;
    private readonly RecordText _key;
    private readonly RecordText? _partition;
    private readonly bool _keyIsRequired;
    private readonly IReadOnlyList<(byte[] Name, RecordText Value)> _headers;

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
            return (Encoding.UTF8.GetBytes(header.Key), value);
        })];
    }

    /// <summary>True when all records go to the same topic.</summary>
    public bool IsOneTopic { get; }

    /// <summary>Where a record goes, under which key and with which headers.</summary>
    /// <returns>Why it can't go anywhere; null when it can.</returns>
    public RefusedRow? TryMap(RecordBatch batch, int row, KafkaMessage message)
    {
        message.Clear();
        if (!_topic.TryAppend(batch, row, message.Topic))
        {
            return new RefusedRow(row, "bad-topic", "The record lacks a field that the topic's name is made of.");
        }

        if (!IsOneTopic && !KafkaTopics.IsName(message.Topic.WrittenSpan))
        {
            return new RefusedRow(
                row, "bad-topic", $"The record would go to the topic '{Encoding.UTF8.GetString(message.Topic.WrittenSpan)}', which is no valid name.");
        }

        message.Topic.Write("\0"u8);
        message.HasKey = _key.TryAppend(batch, row, message.Key);
        if (!message.HasKey && _keyIsRequired)
        {
            return new RefusedRow(row, "no-key", "The record lacks the field that the option key names, or it is null there.");
        }

        if (_partition is not null)
        {
            _number.ResetWrittenCount();
            var number = -1;
            if (!_partition.TryAppend(batch, row, _number)
                || !Utf8Parser.TryParse(_number.WrittenSpan, out number, out var digits) || digits < _number.WrittenCount || number < 0)
            {
                return new RefusedRow(
                    row,
                    "bad-partition",
                    $"'{Encoding.UTF8.GetString(_number.WrittenSpan)}' is no number of a partition; the option partition must name a field with 0, 1, 2, ...");
            }

            message.Partition = number;
        }

        foreach (var (name, value) in _headers)
        {
            message.AddHeader(name, value, batch, row);
        }

        return null;
    }
}
