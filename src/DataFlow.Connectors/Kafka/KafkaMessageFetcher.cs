using System.Buffers;
using System.Text;
using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>
/// Fetches message by message with nothing but the client's public methods: slower, and what <see cref="KafkaBatchFetcher"/> is
/// compared with.
/// </summary>
/// <param name="consumer">The consumer; its keys and values are <see cref="KafkaBytes"/>.</param>
internal sealed class KafkaMessageFetcher(IConsumer<KafkaBytes, KafkaBytes> consumer) : IKafkaFetcher
{
    private byte[] _headers = new byte[256];

    /// <inheritdoc/>
    public int Fetch(TimeSpan timeout, int most, IKafkaIntake intake)
    {
        var fetched = 0;
        while (fetched < most)
        {
            ConsumeResult<KafkaBytes, KafkaBytes>? result;
            try
            {
                result = consumer.Consume(fetched == 0 ? timeout : TimeSpan.Zero);
            }
            catch (ConsumeException exception)
            {
                intake.Failure(exception.Error);
                return fetched + 1;
            }

            if (result is null)
            {
                break;
            }

            fetched++;
            if (result.IsPartitionEOF)
            {
                intake.EndOfPartition(result.Topic, result.Partition.Value, result.Offset.Value);
                continue;
            }

            HandOn(result, intake);
        }

        return fetched;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The consumer is not ours.
    }

    private void HandOn(ConsumeResult<KafkaBytes, KafkaBytes> result, IKafkaIntake intake)
    {
        var message = result.Message;
        var length = 0;
        foreach (var header in message.Headers ?? [])
        {
            KafkaHeaders.Append(ref _headers, ref length, Encoding.UTF8.GetBytes(header.Key), header.GetValueBytes(), header.GetValueBytes() is null);
        }

        var frame = new KafkaFrame
        {
            Offset = result.Offset.Value,
            Timestamp = message.Timestamp.UnixTimestampMs,
            TimestampType = (int)message.Timestamp.Type,
            LeaderEpoch = result.LeaderEpoch ?? -1,
            KeyLength = message.Key.IsNull ? KafkaFrame.Null : message.Key.Span.Length,
            ValueLength = message.Value.IsNull ? KafkaFrame.Null : message.Value.Span.Length,
            HeadersLength = length,
        };
        intake.Message(result.Topic, in frame, result.Partition.Value, message.Key.Span, _headers.AsSpan(0, length), message.Value.Span);
    }
}

/// <summary>A key or value whose bytes are valid until the next message is consumed.</summary>
internal readonly struct KafkaBytes(ArrayBufferWriter<byte>? bytes)
{
    public bool IsNull => bytes is null;

    public ReadOnlySpan<byte> Span => bytes is null ? default : bytes.WrittenSpan;

    /// <summary>A deserializer that copies into one buffer of its own.</summary>
    public static IDeserializer<KafkaBytes> Deserializer() => new Copying();

    private sealed class Copying : IDeserializer<KafkaBytes>
    {
        private readonly ArrayBufferWriter<byte> _buffer = new();

        public KafkaBytes Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
        {
            if (isNull)
            {
                return default;
            }

            _buffer.ResetWrittenCount();
            _buffer.Write(data);
            return new KafkaBytes(_buffer);
        }
    }
}
