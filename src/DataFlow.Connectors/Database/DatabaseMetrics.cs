using System.Diagnostics.Metrics;

namespace DataFlow.Connectors;

/// <summary>What a database source measures, on the meter <c>DataFlow</c>.</summary>
internal sealed class DatabaseMetrics : IDisposable
{
    private static readonly Meter Meter = new("DataFlow");
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<DatabaseMetrics, byte> Running = new();

    private static readonly Histogram<double> QueryDuration = Meter.CreateHistogram<double>(
        "dataflow.source.query.duration", "s", "Time from the start of a query to its last row.");

    private static readonly Counter<long> RowsFetched = Meter.CreateCounter<long>(
        "dataflow.source.rows.fetched", "{row}", "Rows that queries gave, those included that were known already.");

    private static readonly Counter<long> QueryErrors = Meter.CreateCounter<long>(
        "dataflow.source.query.errors", "{error}", "Queries that failed.");

    private readonly KeyValuePair<string, object?>[] _tags;
    private readonly TimeProvider _time;
    private double _watermark = double.NaN;
    private double _newest = double.NaN;
    private double _slotLag = double.NaN;

    static DatabaseMetrics()
    {
        Meter.CreateObservableGauge(
            "dataflow.source.watermark", () => Observe(metrics => metrics._watermark), "1", "The incremental watermark: the highest "
                + "id, or Unix seconds.");
        Meter.CreateObservableGauge(
            "dataflow.source.freshness", () => Observe(metrics => metrics.Age), "s", "Age of the newest row that was "
                + "delivered: now minus the timestamp watermark.");
        Meter.CreateObservableGauge(
            "dataflow.source.slot.lag", () => Observe(metrics => metrics._slotLag), "By", "Change capture: bytes of the log that "
                + "the server keeps for us.");
    }

    /// <param name="context">Names pipeline and clock.</param>
    public DatabaseMetrics(SourceContext context)
    {
        _time = context.Time;
        _tags = [new("pipeline_id", context.PipelineId), new("source_type", SourceType.Database)];
        Running[this] = 0;
    }

    /// <summary>A query has ended.</summary>
    public void CountQuery(TimeSpan duration) => QueryDuration.Record(duration.TotalSeconds, _tags);

    /// <summary>A query gave rows.</summary>
    public void CountRows(long rows) => RowsFetched.Add(rows, _tags);

    /// <summary>A query failed.</summary>
    public void CountQueryError() => QueryErrors.Add(1, _tags);

    /// <summary>The highest cursor that was delivered.</summary>
    public void SetWatermark(CursorValue value)
    {
        var watermark = value.IsBound ? value.ToGauge() : double.NaN;
        Volatile.Write(ref _watermark, watermark);
        Volatile.Write(ref _newest, value.Kind is CursorKind.Moment or CursorKind.Text ? watermark : double.NaN);
    }

    /// <summary>Bytes of the log that are kept for a slot.</summary>
    public void SetSlotLag(long bytes) => Volatile.Write(ref _slotLag, bytes);

    /// <summary>Takes the gauges away.</summary>
    public void Dispose() => Running.TryRemove(this, out _);

    private double Age => (_time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0) - Volatile.Read(ref _newest);

    private static IEnumerable<Measurement<double>> Observe(Func<DatabaseMetrics, double> valueOf)
    {
        foreach (var (metrics, _) in Running)
        {
            if (valueOf(metrics) is var value && !double.IsNaN(value))
            {
                yield return new Measurement<double>(value, metrics._tags);
            }
        }
    }
}
