using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace DataFlow.Engine.Telemetry;

/// <summary>
/// The instruments of all pipelines of a process, on the meter <c>DataFlow</c>. One is enough; where dependency injection
/// has an <see cref="IMeterFactory"/> it is made from that.
/// </summary>
internal sealed class PipelineMeter : IDisposable
{
    /// <summary>Name of the meter, for those who listen.</summary>
    public const string Name = "DataFlow";

    private readonly Meter _meter;
    private readonly ConcurrentDictionary<PipelineMetrics, byte> _running = new();

    /// <summary>The meter of the process.</summary>
    public static PipelineMeter Shared { get; } = new();

    /// <param name="factory">Where the meter comes from; null makes one of our own.</param>
    public PipelineMeter(IMeterFactory? factory = null)
    {
        _meter = factory?.Create(new MeterOptions(Name)) ?? new Meter(Name);
        RecordsRead = Counter("dataflow.source.records.read", "{record}", "Records read from the source, bad ones included.");
        BytesRead = Counter("dataflow.source.bytes.read", "By", "Bytes read from the source.");
        RecordsSkipped = Counter(
            "dataflow.source.records.skipped", "{record}", "Records that could not be read; they are dead letters, the rest went on.");
        BatchesSent = Counter("dataflow.source.batches.sent", "{batch}", "Batches that the source handed on.");
        BatchSize = _meter.CreateHistogram<long>("dataflow.source.batch.size", "{record}", "Records per batch.");
        BatchDuration = _meter.CreateHistogram<double>(
            "dataflow.source.batch.duration", "s", "Time from a batch's reading until it is parsed, transformed and ready for the sink.");
        Errors = Counter("dataflow.source.errors", "{error}", "Failures that ended an attempt to run.");
        ParseErrors = Counter(
            "dataflow.source.parse.errors", "{record}", "Records that were not as they should be, by outcome: dead-lettered or repaired.");
        ConnectionErrors = Counter("dataflow.source.connection.errors", "{error}", "Failed attempts to reach the other side.");
        Gauge("dataflow.source.health", "1", "1 while the source is healthy, 0 while it is disconnected, failing or ended by an error.",
            metrics => metrics.Health() ? 1 : 0);
        Gauge("dataflow.source.offset", "{record}", "The committed position as one number: lines of a file, messages of a topic.",
            metrics => metrics.Offset);
        Gauge("dataflow.source.backlog", "By", "Bytes left to read. Missing while unknown.", metrics => metrics.Backlog?.Invoke());
        Gauge("dataflow.source.backlog.records", "{record}", "Records left to read. Missing where the source counts bytes, or nothing.",
            metrics => metrics.BacklogRecords?.Invoke());
        _meter.CreateObservableGauge(
            "dataflow.pipeline.freshness",
            () => Observe(metrics => (double?)metrics.Freshness().TotalSeconds),
            "s",
            "How long records have been waiting: since the last commit, or since there was something to read after it. 0 while there is nothing.");
        Gauge("dataflow.pipeline.in_flight", "By", "Memory of the batches between source and sink.", metrics => metrics.InFlightBytes());
        Gauge("dataflow.pipeline.in_flight.limit", "By", "Memory from which on the source is not read until the sink has taken something.",
            metrics => metrics.InFlightLimit);
        _meter.CreateObservableCounter(
            "dataflow.pipeline.wait", ObserveWaits, "s", "Time that the pipeline has waited, by what for: source, workers, sink or commit.");
        Delivered = Counter("dataflow.pipeline.records.delivered", "{record}", "Records that the sink has taken, durably.");
        Filtered = Counter("dataflow.pipeline.records.filtered", "{record}", "Records that a transform left out.");
        DeadLettered = Counter("dataflow.pipeline.records.dead_lettered", "{record}", "Records that went to the dead letters.");
        Deduplicated = Counter("dataflow.pipeline.records.deduplicated", "{record}", "Records read again, recognised and left out.");
        Gauge("dataflow.pipeline.records.unaccounted", "{record}", "Records read but nowhere to be found at the last commit. Must be 0.",
            metrics => metrics.Unaccounted);
    }

    public Counter<long> RecordsRead { get; }

    public Counter<long> BytesRead { get; }

    public Counter<long> RecordsSkipped { get; }

    public Counter<long> BatchesSent { get; }

    public Histogram<long> BatchSize { get; }

    public Histogram<double> BatchDuration { get; }

    public Counter<long> Errors { get; }

    public Counter<long> ParseErrors { get; }

    public Counter<long> ConnectionErrors { get; }

    public Counter<long> Delivered { get; }

    public Counter<long> Filtered { get; }

    public Counter<long> DeadLettered { get; }

    public Counter<long> Deduplicated { get; }

    /// <summary>The instruments of one run of a pipeline; its gauges are there until it is disposed.</summary>
    public PipelineMetrics Start(string pipelineId, string sourceType, TimeProvider time)
    {
        var metrics = new PipelineMetrics(this, pipelineId, sourceType, time);
        _running[metrics] = 0;
        return metrics;
    }

    /// <summary>Takes the gauges of a run away.</summary>
    public void End(PipelineMetrics metrics) => _running.TryRemove(metrics, out _);

    /// <summary>Takes all instruments away.</summary>
    public void Dispose() => _meter.Dispose();

    private Counter<long> Counter(string name, string unit, string description) => _meter.CreateCounter<long>(name, unit, description);

    private void Gauge(string name, string unit, string description, Func<PipelineMetrics, long?> value) =>
        _meter.CreateObservableGauge(name, () => Observe(value), unit, description);

    private IEnumerable<Measurement<T>> Observe<T>(Func<PipelineMetrics, T?> valueOf)
        where T : struct
    {
        foreach (var (metrics, _) in _running)
        {
            if (valueOf(metrics) is { } value)
            {
                yield return new Measurement<T>(value, metrics.Tags);
            }
        }
    }

    private IEnumerable<Measurement<double>> ObserveWaits()
    {
        foreach (var (metrics, _) in _running)
        {
            foreach (var (what, tags) in metrics.WaitTags)
            {
                yield return new Measurement<double>(metrics.Waits[what].TotalSeconds, tags);
            }
        }
    }
}
