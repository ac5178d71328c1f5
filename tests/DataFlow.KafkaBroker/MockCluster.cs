using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace DataFlow.KafkaBroker;

/// <summary>librdkafka's own mock cluster: real TCP brokers on free loopback ports, in memory, with faults on request.</summary>
internal sealed partial class MockCluster : IDisposable
{
    private const string Library = "librdkafka";

    private readonly IProducer<Null, Null> _owner;
    private readonly nint _cluster;

    static MockCluster() => NativeLibrary.SetDllImportResolver(typeof(MockCluster).Assembly, static (name, _, _) => name == Library ? Loaded() : 0);

    public MockCluster(int brokers)
    {
        _owner = new ProducerBuilder<Null, Null>(new ProducerConfig { BootstrapServers = "127.0.0.1:1" })
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .Build();
        _cluster = ClusterNew(((SafeHandle)NativeHandle(_owner.Handle)).DangerousGetHandle(), brokers);

        // Tests wait for nobody to join a group.
        GroupInitialRebalanceDelay(_cluster, 0);
    }

    public string Address => Marshal.PtrToStringUTF8(Bootstraps(_cluster))!;

    /// <summary>Does what a line says.</summary>
    /// <returns><c>ok</c>, or the error code.</returns>
    public string Obey(string[] words)
    {
        var error = words[0] switch
        {
            "topic" => TopicCreate(_cluster, words[1], Number(words[2]), 1),
            "topic-error" => SetTopicError(words[1], Number(words[2])),
            "topic-delete" => TopicDelete(_cluster, words[1]),
            "down" => BrokerSetDown(_cluster, Number(words[1])),
            "up" => BrokerSetUp(_cluster, Number(words[1])),
            "rtt" => BrokerSetRtt(_cluster, Number(words[1]), Number(words[2])),
            "errors" => PushErrors(short.Parse(words[1], CultureInfo.InvariantCulture), [.. words[2].Split(',').Select(Number)]),
            "delete-records" => DeleteRecords(_cluster, words[1], Number(words[2]), long.Parse(words[3], CultureInfo.InvariantCulture)),
            _ => throw new ArgumentException($"There is no command '{words[0]}'."),
        };
        return error == 0 ? "ok" : error.ToString(CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        ClusterDestroy(_cluster);
        _owner.Dispose();
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>The copy that Confluent.Kafka has loaded.</summary>
    private static nint Loaded()
    {
        using var process = Process.GetCurrentProcess();
        return NativeLibrary.Load(process.Modules.Cast<ProcessModule>()
            .Select(module => module.FileName)
            .First(file => Path.GetFileName(file).Contains(Library, StringComparison.Ordinal)));
    }

    private int SetTopicError(string topic, int error)
    {
        TopicSetError(_cluster, topic, error);
        return 0;
    }

    private int PushErrors(short apiKey, int[] errors)
    {
        PushRequestErrors(_cluster, apiKey, (nuint)errors.Length, errors);
        return 0;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_LibrdkafkaHandle")]
    [return: UnsafeAccessorType("Confluent.Kafka.Impl.SafeKafkaHandle, Confluent.Kafka")]
    private static extern object NativeHandle(Handle handle);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    private static partial nint ClusterNew(nint client, int brokers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    private static partial void ClusterDestroy(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    private static partial nint Bootstraps(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int TopicCreate(nint cluster, string topic, int partitions, int replication);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_set_error", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void TopicSetError(nint cluster, string topic, int error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_delete", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int TopicDelete(nint cluster, string topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_down")]
    private static partial int BrokerSetDown(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_up")]
    private static partial int BrokerSetUp(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_rtt")]
    private static partial int BrokerSetRtt(nint cluster, int broker, int milliseconds);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_partition_delete_records", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int DeleteRecords(nint cluster, string topic, int partition, long before);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_group_initial_rebalance_delay_ms")]
    private static partial void GroupInitialRebalanceDelay(nint cluster, int milliseconds);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    private static partial void PushRequestErrors(nint cluster, short apiKey, nuint count, int[] errors);
}
