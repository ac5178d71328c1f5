using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace DataFlow.Connectors;

/// <summary>The instruments of all Kafka sources of a process, on the meter <c>DataFlow</c>.</summary>
internal static class KafkaMeter
{
    private static readonly Meter Meter = new("DataFlow");
    private static readonly ConcurrentDictionary<KafkaLag, byte> Running = new();

    static KafkaMeter()
    {
        Meter.CreateObservableGauge(
            "dataflow.source.kafka.lag", () => Observe(reading => reading.Records), "{message}",
            "Messages of a partition that are not yet delivered and committed.");
        Meter.CreateObservableGauge(
            "dataflow.source.kafka.lag.time", () => Observe(reading => reading.Seconds), "s",
            "Age of the last delivered message while there are later ones; 0 when there are none.");
    }

    public static Counter<long> Rebalances { get; } = Meter.CreateCounter<long>(
        "dataflow.source.kafka.rebalances", "{rebalance}", "Times that the group gave or took partitions.");

    public static Counter<long> CommitErrors { get; } = Meter.CreateCounter<long>(
        "dataflow.source.kafka.commit.errors", "{error}", "Commits of offsets that failed. They are repeated.");

    public static void Start(KafkaLag lag) => Running[lag] = 0;

    public static void End(KafkaLag lag) => Running.TryRemove(lag, out _);

    private static IEnumerable<Measurement<T>> Observe<T>(Func<KafkaLag.Reading, T> valueOf)
        where T : struct
    {
        foreach (var (lag, _) in Running)
        {
            foreach (var reading in lag.Readings)
            {
                yield return new Measurement<T>(
                    valueOf(reading),
                    new("pipeline_id", lag.PipelineId),
                    new("source_type", SourceType.Kafka),
                    new("topic", reading.Topic),
                    new("partition", reading.Partition));
            }
        }
    }
}
