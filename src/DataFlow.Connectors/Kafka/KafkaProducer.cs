using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>
/// Sends messages through the client's own handle, without an object per message, and takes the answers on a thread of its own.
/// One batch at a time: <see cref="Deliveries"/> is the account of the batch that is on its way.
/// </summary>
internal sealed unsafe class KafkaProducer : IDisposable
{
    private const int PollMs = 1000;

    private readonly Action<Error> _onError;
    private readonly nint _handle;
    private readonly nint _events;
    private readonly Thread _answering;
    private volatile bool _isEnding;

    /// <param name="properties">The client's properties.</param>
    /// <param name="onError">Called on the answering thread with errors of the client as a whole.</param>
    /// <param name="onLog">Called on any of the client's threads; may not wait.</param>
    public KafkaProducer(IReadOnlyDictionary<string, string> properties, Action<Error> onError, Action<LogMessage> onLog)
    {
        _onError = onError;
        var own = new Dictionary<string, string>(properties)
        {
            // Answers come as events to our thread instead of as objects to the client's.
            ["dotnet.producer.enable.background.poll"] = "false",
            ["dotnet.producer.enable.delivery.reports"] = "false",
            ["enabled_events"] = $"{LibRdKafka.DeliveryReports | LibRdKafka.Errors}",
        };
        Client = new ProducerBuilder<Null, Null>(own).SetLogHandler((_, line) => onLog(line)).Build();
        _handle = LibRdKafka.HandleOf(Client);
        _events = LibRdKafka.QueueGetMain(_handle);
        _answering = new Thread(TakeEvents) { IsBackground = true, Name = "kafka answers" };
        _answering.Start();
    }

    /// <summary>For transactions and questions. Nothing is sent through it.</summary>
    public IProducer<Null, Null> Client { get; }

    /// <summary>The answers to the current batch.</summary>
    public KafkaDeliveries Deliveries { get; } = new();

    /// <summary>The error that the client can't get over; null when there is none.</summary>
    public Error? FatalError => LibRdKafka.FatalError(_handle);

    /// <summary>Hands a message to the client, which is copied.</summary>
    /// <param name="message">Topic, partition, key and headers.</param>
    /// <param name="value">The value; only its being there counts when it is null.</param>
    /// <param name="isNull">True for a message without a value.</param>
    /// <param name="number">Names the message within its batch, from 0.</param>
    /// <returns>Why it was not taken; null when it was, and an answer comes.</returns>
    public Error? Send(KafkaMessage message, ReadOnlySpan<byte> value, bool isNull, int number)
    {
        const int WithoutHeaders = 6;
        var headers = HeadersOf(message.Headers);
        Span<LibRdKafka.Argument> arguments = stackalloc LibRdKafka.Argument[WithoutHeaders + 1];
        byte nothing;
        fixed (byte* topic = message.Topic.WrittenSpan, key = message.Key.WrittenSpan, payload = value)
        {
            // An empty key or value is not the same as none: it needs a place, if only for no bytes.
            arguments[0] = LibRdKafka.Argument.CopyAndWait;
            arguments[1] = LibRdKafka.Argument.Topic(topic);
            arguments[2] = LibRdKafka.Argument.Partition(message.Partition);
            arguments[3] = LibRdKafka.Argument.Opaque(number);
            arguments[4] = LibRdKafka.Argument.Key(!message.HasKey ? null : key is null ? &nothing : key, message.Key.WrittenCount);
            arguments[5] = LibRdKafka.Argument.Value(isNull ? null : payload is null ? &nothing : payload, value.Length);
            arguments[6] = LibRdKafka.Argument.Headers(headers);
            Deliveries.Expect();
            if (LibRdKafka.Produce(_handle, arguments[..(headers == 0 ? WithoutHeaders : WithoutHeaders + 1)]) is not { } error)
            {
                return null;
            }

            Deliveries.NotSent();
            if (headers != 0)
            {
                LibRdKafka.HeadersDestroy(headers);
            }

            return error;
        }
    }

    /// <summary>Ends without waiting for answers.</summary>
    public void Dispose()
    {
        _isEnding = true;
        LibRdKafka.QueueYield(_events);
        _answering.Join();
        LibRdKafka.QueueDestroy(_events);
        Client.Dispose();
    }

    private static nint HeadersOf(ReadOnlySpan<byte> headers)
    {
        if (headers.IsEmpty)
        {
            return 0;
        }

        var native = LibRdKafka.HeadersNew(8);
        while (KafkaHeaders.TryNext(ref headers, out var name, out var value, out var isNull))
        {
            fixed (byte* text = name, bytes = &MemoryMarshal.GetReference(value))
            {
                _ = LibRdKafka.HeaderAdd(native, text, name.Length, isNull ? null : bytes, value.Length);
            }
        }

        return native;
    }

    private void TakeEvents()
    {
        while (!_isEnding)
        {
            var happened = LibRdKafka.QueuePoll(_events, PollMs);
            if (happened == 0)
            {
                continue;
            }

            switch (LibRdKafka.EventType(happened))
            {
                case LibRdKafka.DeliveryReports:
                    while (LibRdKafka.EventMessageNext(happened) is var message && message is not null)
                    {
                        Deliveries.Answered((int)message->Private, message->Topic, message->Partition, ErrorOf(message));
                    }

                    break;
                case LibRdKafka.Errors:
                    _onError(LibRdKafka.ErrorOf(happened));
                    break;
            }

            LibRdKafka.EventDestroy(happened);
        }
    }

    private static Error? ErrorOf(LibRdKafka.Message* message) =>
        message->Error == 0 ? null : new Error((ErrorCode)message->Error, Marshal.PtrToStringUTF8(LibRdKafka.ProducedErrorText(message)));
}
