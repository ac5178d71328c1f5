using System.Globalization;
using System.Text;
using Confluent.Kafka;
using DataFlow.KafkaBroker;

namespace DataFlow.KafkaBenchmarks;

/// <summary>The input: JSON messages of about 200 bytes with a key, over enough partitions for a cluster that keeps 5 MiB of each.</summary>
internal static class Messages
{
    public const int Partitions = 64;

    public static async Task<string> PublishAsync(TestKafka kafka, int count)
    {
        var topic = await kafka.CreateTopicAsync(Partitions, "bench");
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
        {
            BootstrapServers = kafka.Address,
            LingerMs = 100,
            BatchSize = 1_000_000,
            QueueBufferingMaxMessages = 2_000_000,
        }).SetLogHandler((_, _) => { }).Build();
        for (var number = 0; number < count; number++)
        {
            var value = string.Create(CultureInfo.InvariantCulture, $$"""{"id":"evt-{{number:0000000}}","type":"purchase","user":"user-{{number % 9973:00000}}","timestamp":"2024-01-01T10:00:00Z","amount":{{number % 1000}}.50,"quantity":{{number % 7}},"active":true,"city":"New York","text":"plain text {{number:0000000}}"}""");
            producer.Produce(
                new TopicPartition(topic, number * 7 % Partitions),
                new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(number.ToString("0000000", CultureInfo.InvariantCulture)), Value = Encoding.UTF8.GetBytes(value) });
        }

        producer.Flush(TimeSpan.FromMinutes(5));
        return topic;
    }
}
