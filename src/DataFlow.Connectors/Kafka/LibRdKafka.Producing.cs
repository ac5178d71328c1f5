using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <content>Sending without an object per message, and the events that answer it.</content>
internal static unsafe partial class LibRdKafka
{
    /// <summary>The brokers' answers to messages.</summary>
    public const int DeliveryReports = 1;

    /// <summary>Errors of the client as a whole.</summary>
    public const int Errors = 8;

    /// <summary>The error that a client can't get over; null when there is none.</summary>
    public static Error? FatalError(nint client)
    {
        var text = stackalloc byte[512];
        var code = FatalErrorOf(client, text, 512);
        return code == 0 ? null : new Error((ErrorCode)code, Marshal.PtrToStringUTF8((nint)text), isFatal: true);
    }

    /// <summary>Hands a message over, which is copied. Waits while the client's queue is full.</summary>
    /// <returns>Why it was not taken; null when it was.</returns>
    public static Error? Produce(nint client, ReadOnlySpan<Argument> arguments)
    {
        nint error;
        fixed (Argument* first = arguments)
        {
            error = ProduceArguments(client, first, (nuint)arguments.Length);
        }

        if (error == 0)
        {
            return null;
        }

        var said = new Error((ErrorCode)ErrorCodeOf(error), Marshal.PtrToStringUTF8(ErrorTextOf(error)));
        ErrorDestroy(error);
        return said;
    }

    /// <summary>The error of an event.</summary>
    public static Error ErrorOf(nint happened) =>
        new((ErrorCode)EventError(happened), Marshal.PtrToStringUTF8(EventErrorText(happened)), EventErrorIsFatal(happened) != 0);

    /// <summary>The queue that a producer's events come through. Give it back with <see cref="QueueDestroy"/>.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_main")]
    public static partial nint QueueGetMain(nint client);

    /// <summary>Waits for the next event. Give it back with <see cref="EventDestroy"/>.</summary>
    /// <returns>0 when none came in time.</returns>
    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_poll")]
    public static partial nint QueuePoll(nint queue, int timeoutMs);

    /// <summary>Ends the wait of another thread in <see cref="QueuePoll"/>.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_yield")]
    public static partial void QueueYield(nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_type")]
    public static partial int EventType(nint happened);

    /// <summary>The next message of an event; null after the last one. It is the event's.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_event_message_next")]
    public static partial Message* EventMessageNext(nint happened);

    /// <summary>What is said about a message that was not delivered.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_message_produce_errstr")]
    public static partial nint ProducedErrorText(Message* message);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_destroy")]
    public static partial void EventDestroy(nint happened);

    [LibraryImport(Library, EntryPoint = "rd_kafka_headers_new")]
    public static partial nint HeadersNew(nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_header_add")]
    public static partial int HeaderAdd(nint headers, byte* name, nint nameLength, byte* value, nint length);

    [LibraryImport(Library, EntryPoint = "rd_kafka_headers_destroy")]
    public static partial void HeadersDestroy(nint headers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_produceva")]
    private static partial nint ProduceArguments(nint client, Argument* arguments, nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_fatal_error")]
    private static partial int FatalErrorOf(nint client, byte* text, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_code")]
    private static partial int ErrorCodeOf(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_string")]
    private static partial nint ErrorTextOf(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_destroy")]
    private static partial void ErrorDestroy(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error")]
    private static partial int EventError(nint happened);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error_string")]
    private static partial nint EventErrorText(nint happened);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error_is_fatal")]
    private static partial int EventErrorIsFatal(nint happened);

    /// <summary>One part of a message that is sent, as the library lays it out: a type and what it takes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 72)]
    public readonly struct Argument
    {
        private readonly long _type;
        private readonly nint _first;
        private readonly nuint _length;

        private Argument(Part part, nint first, nuint length = 0)
        {
            _type = (long)part;
            _first = first;
            _length = length;
        }

        private enum Part
        {
            Topic = 1,
            Partition = 3,
            Value = 4,
            Key = 5,
            Opaque = 6,
            Flags = 7,
            Headers = 10,
        }

        /// <summary>The bytes are copied before the call returns, which waits while the queue is full.</summary>
        public static Argument CopyAndWait { get; } = new(Part.Flags, 0x2 | 0x4);

        /// <param name="name">Ends with a zero byte.</param>
        public static Argument Topic(byte* name) => new(Part.Topic, (nint)name);

        /// <param name="number">-1: by the key.</param>
        public static Argument Partition(int number) => new(Part.Partition, number);

        /// <param name="bytes">Null: a message without a key.</param>
        /// <param name="length">Length of the key.</param>
        public static Argument Key(byte* bytes, int length) => new(Part.Key, (nint)bytes, (nuint)length);

        /// <param name="bytes">Null: a message without a value.</param>
        /// <param name="length">Length of the value.</param>
        public static Argument Value(byte* bytes, int length) => new(Part.Value, (nint)bytes, (nuint)length);

        /// <param name="number">Comes back with the answer.</param>
        public static Argument Opaque(nint number) => new(Part.Opaque, number);

        /// <param name="headers">The library's from a call that succeeds on.</param>
        public static Argument Headers(nint headers) => new(Part.Headers, headers);
    }
}
