using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>
/// The functions of librdkafka that Confluent.Kafka has no method for, called on its own handle: fetching in batches, without
/// an object per message.
/// </summary>
internal static unsafe partial class LibRdKafka
{
    private const string Library = "librdkafka";

    private static readonly Lazy<nint> Loaded = new(FindLoaded);

    static LibRdKafka() => NativeLibrary.SetDllImportResolver(
        typeof(LibRdKafka).Assembly,
        static (name, _, _) => name == Library ? Loaded.Value : 0);

    /// <summary>The native handle of a client. Valid until the client is disposed.</summary>
    public static nint HandleOf(IClient client) => ((SafeHandle)NativeHandle(client.Handle)).DangerousGetHandle();

    /// <summary>What the library says against a property; null when it takes it.</summary>
    public static string? ProblemWith(string name, string value)
    {
        var conf = ConfNew();
        var text = stackalloc byte[512];
        try
        {
            return ConfSet(conf, name, value, text, 512) == 0 ? null : Marshal.PtrToStringUTF8((nint)text);
        }
        finally
        {
            ConfDestroy(conf);
        }
    }

    /// <summary>The cluster's id, which stays the same whichever broker is asked; null when it is not known in time.</summary>
    public static string? ClusterId(nint client, int timeoutMs)
    {
        var text = ClusterIdOf(client, timeoutMs);
        if (text == 0)
        {
            return null;
        }

        var id = Marshal.PtrToStringUTF8(text);
        MemFree(client, text);
        return id;
    }

    /// <summary>The queue that all messages and events of a consumer come through. Give it back with <see cref="QueueDestroy"/>.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_consumer")]
    public static partial nint QueueGetConsumer(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_destroy")]
    public static partial void QueueDestroy(nint queue);

    /// <summary>Fills an array with messages until it is full or the time is over. Callbacks run within.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_consume_batch_queue")]
    public static partial nint ConsumeBatchQueue(nint queue, int timeoutMs, Message** messages, nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_destroy")]
    public static partial void MessageDestroy(Message* message);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_timestamp")]
    [SuppressGCTransition]
    public static partial long MessageTimestamp(Message* message, int* type);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_leader_epoch")]
    [SuppressGCTransition]
    public static partial int MessageLeaderEpoch(Message* message);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_headers")]
    [SuppressGCTransition]
    public static partial int MessageHeaders(Message* message, nint* headers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_header_get_all")]
    public static partial int HeaderGetAll(nint headers, nuint index, byte** name, byte** value, nuint* size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_name")]
    public static partial nint TopicName(nint topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_errstr")]
    public static partial nint MessageErrorText(Message* message);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    private static partial nint ConfNew();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ConfSet(nint conf, string name, string value, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_destroy")]
    private static partial void ConfDestroy(nint conf);

    [LibraryImport(Library, EntryPoint = "rd_kafka_clusterid")]
    private static partial nint ClusterIdOf(nint client, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mem_free")]
    private static partial void MemFree(nint client, nint memory);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_LibrdkafkaHandle")]
    [return: UnsafeAccessorType("Confluent.Kafka.Impl.SafeKafkaHandle, Confluent.Kafka")]
    private static extern object NativeHandle(Handle handle);

    /// <summary>The copy that Confluent.Kafka has loaded: a second one would know nothing of its handles.</summary>
    private static nint FindLoaded()
    {
        _ = Confluent.Kafka.Library.Version;
        using var process = Process.GetCurrentProcess();
        var path = process.Modules.Cast<ProcessModule>()
            .Select(module => module.FileName)
            .First(file => Path.GetFileName(file).Contains("librdkafka", StringComparison.Ordinal));
        return NativeLibrary.Load(path);
    }

    /// <summary>A message as the library lays it out.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public int Error;
        public nint Topic;
        public int Partition;
        public byte* Payload;
        public nuint Length;
        public byte* Key;
        public nuint KeyLength;
        public long Offset;
        public nint Private;
    }
}
