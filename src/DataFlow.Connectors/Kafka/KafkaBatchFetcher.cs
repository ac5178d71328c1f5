using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>Fetches many messages per call through the client's own handle; nothing is allocated per message.</summary>
internal sealed unsafe class KafkaBatchFetcher : IKafkaFetcher
{
    private const int EndOfPartition = (int)ErrorCode.Local_PartitionEOF;

    private readonly Dictionary<nint, string> _topics = [];
    private readonly nint _queue;
    private nint _lastTopic;
    private string _lastName = "";
    private nint[] _messages = [];
    private byte[] _headers = new byte[256];

    /// <param name="client">The consumer. It must outlive the fetcher.</param>
    public KafkaBatchFetcher(IClient client) => _queue = LibRdKafka.QueueGetConsumer(LibRdKafka.HandleOf(client));

    /// <inheritdoc/>
    public int Fetch(TimeSpan timeout, int most, IKafkaIntake intake)
    {
        if (_messages.Length < most)
        {
            _messages = GC.AllocateUninitializedArray<nint>(most, pinned: true);
        }

        // A handle belongs to its topic while there are messages of it: later it may be another topic's.
        _lastTopic = 0;
        fixed (nint* messages = _messages)
        {
            var fetched = (int)LibRdKafka.ConsumeBatchQueue(
                _queue, (int)timeout.TotalMilliseconds, (LibRdKafka.Message**)messages, (nuint)most);
            for (var index = 0; index < fetched; index++)
            {
                var message = (LibRdKafka.Message*)messages[index];
                try
                {
                    HandOn(message, intake);
                }
                finally
                {
                    LibRdKafka.MessageDestroy(message);
                }
            }

            return Math.Max(0, fetched);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => LibRdKafka.QueueDestroy(_queue);

    private void HandOn(LibRdKafka.Message* message, IKafkaIntake intake)
    {
        if (message->Error != 0)
        {
            if (message->Error == EndOfPartition)
            {
                intake.EndOfPartition(TopicOf(message->Topic), message->Partition, message->Offset);
            }
            else
            {
                intake.Failure(new Error((ErrorCode)message->Error, Marshal.PtrToStringUTF8(LibRdKafka.MessageErrorText(message))));
            }

            return;
        }

        int timestampType;
        var timestamp = LibRdKafka.MessageTimestamp(message, &timestampType);
        var headers = HeadersOf(message);
        var frame = new KafkaFrame
        {
            Offset = message->Offset,
            Timestamp = timestamp,
            TimestampType = timestampType,
            LeaderEpoch = LibRdKafka.MessageLeaderEpoch(message),
            KeyLength = message->Key is null ? KafkaFrame.Null : (int)message->KeyLength,
            ValueLength = message->Payload is null ? KafkaFrame.Null : (int)message->Length,
            HeadersLength = headers,
        };
        intake.Message(
            TopicOf(message->Topic),
            in frame,
            message->Partition,
            new ReadOnlySpan<byte>(message->Key, frame.KeyBytes),
            _headers.AsSpan(0, headers),
            new ReadOnlySpan<byte>(message->Payload, frame.ValueBytes));
    }

    private int HeadersOf(LibRdKafka.Message* message)
    {
        nint headers;
        var length = 0;
        if (LibRdKafka.MessageHeaders(message, &headers) != 0)
        {
            return 0;
        }

        byte* name;
        byte* value;
        nuint size;
        for (nuint index = 0; LibRdKafka.HeaderGetAll(headers, index, &name, &value, &size) == 0; index++)
        {
            KafkaHeaders.Append(
                ref _headers,
                ref length,
                MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name),
                new ReadOnlySpan<byte>(value, value is null ? 0 : (int)size),
                value is null);
        }

        return length;
    }

    private string TopicOf(nint topic)
    {
        if (topic != _lastTopic)
        {
            var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)LibRdKafka.TopicName(topic));
            if (!_topics.TryGetValue(topic, out var known) || !Ascii.Equals(name, known))
            {
                known = _topics[topic] = Encoding.UTF8.GetString(name);
            }

            (_lastTopic, _lastName) = (topic, known);
        }

        return _lastName;
    }
}
