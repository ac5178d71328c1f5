using System.Diagnostics;
using Confluent.Kafka;
using DataFlow.Connectors;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.KafkaBenchmarks;

/// <summary>Somebody who reads all messages, once per run.</summary>
/// <param name="Name">As shown in the results.</param>
/// <param name="InProcess">True when the work is done in this process; otherwise in a child whose start-up counts too.</param>
/// <param name="Run">Reads all messages.</param>
internal sealed record Contender(string Name, bool InProcess, Action Run);

/// <summary>Everybody who is measured. The first one is what the others are compared with.</summary>
internal static class Contenders
{
    public static IReadOnlyList<Contender> All(string address, string topic, int count) =>
    [
        new("raw loop: rd_kafka_consume_batch_queue", true, () => RawLoop(address, topic, count)),
        new("DataFlow source, not parsed", true, () => Source(address, topic, count)),
        new("DataFlow, format: bytes -> null", true, () => Pipeline(address, topic, count, "bytes")),
        new("DataFlow, format: json -> null", true, () => Pipeline(address, topic, count, "json")),
        new("Confluent.Kafka Consume, byte[]", true, () => ConsumeLoop(address, topic, count)),
        .. File.Exists("/usr/bin/kcat")
            ? [new Contender("kcat > /dev/null", false, () => Kcat(address, topic))]
            : Array.Empty<Contender>(),
    ];

    private static Dictionary<string, string> Properties(string address) => new()
    {
        ["bootstrap.servers"] = address,
        ["group.id"] = $"bench-{Guid.NewGuid():N}",
        ["auto.offset.reset"] = "earliest",
        ["enable.auto.commit"] = "false",
        ["fetch.queue.backoff.ms"] = "5",
        ["fetch.wait.max.ms"] = "100",
    };

    private static unsafe void RawLoop(string address, string topic, int count)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(Properties(address)).Build();
        consumer.Subscribe(topic);
        var queue = LibRdKafka.QueueGetConsumer(LibRdKafka.HandleOf(consumer));
        var messages = stackalloc LibRdKafka.Message*[1000];
        var sum = 0L;
        while (count > 0)
        {
            var fetched = (int)LibRdKafka.ConsumeBatchQueue(queue, 100, messages, 1000);
            for (var index = 0; index < fetched; index++)
            {
                if (messages[index]->Error == 0)
                {
                    // Every byte is looked at, as anybody who uses the message has to.
                    sum += new ReadOnlySpan<byte>(messages[index]->Payload, (int)messages[index]->Length).Contains((byte)0) ? 1 : 0;
                    count--;
                }

                LibRdKafka.MessageDestroy(messages[index]);
            }
        }

        GC.KeepAlive(sum);
        LibRdKafka.QueueDestroy(queue);
        consumer.Close();
    }

    private static void ConsumeLoop(string address, string topic, int count)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(Properties(address)).Build();
        consumer.Subscribe(topic);
        for (; count > 0; count--)
        {
            consumer.Consume(CancellationToken.None);
        }

        consumer.Close();
    }

    private static void Kcat(string address, string topic)
    {
        using var process = Process.Start("/bin/sh", ["-c", $"kcat -C -b {address} -t {topic} -e -q > /dev/null"]);
        process.WaitForExit();
    }

    private static void Source(string address, string topic, int count) => ReadAsync(address, topic, count).GetAwaiter().GetResult();

    private static async Task ReadAsync(string address, string topic, int count)
    {
        var source = Definition(address, topic, "json").CreateSource();
        await using (source)
        {
            using var stop = new CancellationTokenSource();
            var next = new Dictionary<string, long>();
            await foreach (var batch in source.ReadAsync(new BareContext(), stop.Token))
            {
                var read = batch.Advances[0];
                next[read.Split] = ((KafkaPosition)read.Position).Next;
                batch.Release();
                if (next.Values.Sum() >= count)
                {
                    await stop.CancelAsync();
                }
            }
        }
    }

    private static void Pipeline(string address, string topic, int count, string format)
    {
        var runner = new PipelineRunner(
            Definition(address, topic, format).ToSpec(), new InMemoryStateStore(TimeProvider.System), TimeProvider.System, NullLogger.Instance);
        var outcome = runner.RunAsync(CancellationToken.None).GetAwaiter().GetResult();
        if (outcome.Error is not null || outcome.Run.Delivered != count)
        {
            throw outcome.Error ?? new InvalidOperationException($"{outcome.Run.Delivered} of {count} messages were delivered.");
        }
    }

    private static PipelineDefinition Definition(string address, string topic, string format) => PipelineFile.Parse(
        $$"""
        name: bench
        until: caught-up
        source:
          type: kafka
          connection: {{address}}
          options: { topic: {{topic}}, format: {{format}}, group-id: bench-{{Guid.NewGuid():N}} }
          batch-size: 2000
        sink: { type: "null" }
        workers: 1
        """,
        "bench.yaml",
        BuiltInCatalogue.Instance);
}
