using System.Globalization;
using System.Text;
using Confluent.Kafka;
using DataFlow.Engine.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.KafkaBenchmarks;

/// <summary>Everybody who writes and is measured. The first one is what the others are compared with.</summary>
internal static class Writers
{
    private const int BatchSize = 1000;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static readonly string[] Fields = ["id", "type", "user", "timestamp", "amount", "city", "text"];

    private static readonly byte[][] Keys = [.. Enumerable.Range(0, BatchSize).Select(number => Encoding.UTF8.GetBytes(TextOf(number, 0)))];

    /// <summary>What the sink makes of a batch each time is ready for the other one.</summary>
    private static readonly byte[][] Values = [.. Enumerable.Range(0, BatchSize).Select(number => Encoding.UTF8.GetBytes(
        $"{{{string.Join(',', Fields.Select((field, index) => $"\"{field}\":\"{TextOf(number, index)}\""))}}}"))];

    public static IReadOnlyList<Contender> All(string address, string topic, int count) =>
    [
        new("Confluent.Kafka Produce, byte[], with delivery reports", true, () => ProduceLoop(address, topic, count)),
        new("DataFlow sink, format: json", true, () => WriteAsync(address, topic, count).GetAwaiter().GetResult()),
    ];

    private static void ProduceLoop(string address, string topic, int count)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = address,
            EnableIdempotence = true,
            CompressionType = CompressionType.Lz4,
            LingerMs = 5,
            QueueBufferingMaxMessages = 2_000_000,
        }).Build();
        var answered = 0;
        for (var number = 0; number < count; number++)
        {
            producer.Produce(topic, new Message<byte[], byte[]> { Key = Keys[number % BatchSize], Value = Values[number % BatchSize] }, _ => Interlocked.Increment(ref answered));
        }

        producer.Flush(Limit);
        if (!SpinWait.SpinUntil(() => Volatile.Read(ref answered) == count, Limit))
        {
            throw new InvalidOperationException($"{answered} of {count} messages were answered.");
        }
    }

    private static async Task WriteAsync(string address, string topic, int count)
    {
        await using var sink = PipelineFile.Parse(
            $$"""
            name: bench
            source: { type: test, options: { total-records: 1 } }
            sink: { type: kafka, connection: "{{address}}", options: { topic: {{topic}}, key: id } }
            """,
            "bench.yaml",
            BuiltInCatalogue.Instance).CreateSink();
        await sink.OpenAsync(
            new SinkContext
            {
                PipelineId = "bench",
                Generation = 1,
                Epoch = 1,
                Time = TimeProvider.System,
                Pool = BatchPool.Shared,
                Logger = NullLogger.Instance,
            },
            CancellationToken.None);
        var batch = Batch();
        for (var written = 0; written < count; written += BatchSize)
        {
            var result = await sink.WriteAsync(batch, CancellationToken.None);
            if (result.Refused is { Count: > 0 } refused)
            {
                throw new InvalidOperationException(refused[0].Message);
            }
        }

        batch.Release();
    }

    private static RecordBatch Batch()
    {
        var batch = BatchPool.Shared.Rent(0);
        batch.Identity = new RecordIdentity("bench", "split");
        batch.Begin(new RecordSchema(Fields), BatchSize);
        for (var number = 0; number < BatchSize; number++)
        {
            var row = batch.AddRow(0, 0);
            for (var index = 0; index < Fields.Length; index++)
            {
                row[index] = batch.AddOverlay(Encoding.UTF8.GetBytes(TextOf(number, index)));
            }
        }

        return batch;
    }

    private static string TextOf(int number, int field) =>
        string.Create(CultureInfo.InvariantCulture, $"{Fields[field]}-{number:0000000}-{(field == Fields.Length - 1 ? "plain text of some length" : "x")}");
}
