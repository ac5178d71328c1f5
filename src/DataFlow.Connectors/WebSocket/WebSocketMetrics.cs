using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace DataFlow.Connectors;

/// <summary>What one source does, on the meter <c>DataFlow</c>. Without a listener it costs next to nothing.</summary>
internal sealed class WebSocketMetrics : IDisposable
{
    private static readonly Meter Meter = new("DataFlow");
    private static readonly ConcurrentDictionary<WebSocketMetrics, byte> Running = new();

    private static readonly Counter<long> Reconnects = Meter.CreateCounter<long>(
        "dataflow.source.websocket.reconnects", "{reconnect}", "Connections that were opened after another one had ended.");

    private static readonly Counter<long> Messages = Meter.CreateCounter<long>("dataflow.source.websocket.messages", "{message}", "Messages received.");
    private static readonly Histogram<long> MessageSize = Meter.CreateHistogram<long>("dataflow.source.websocket.message.size", "By", "Bytes per message.");
    private static readonly Counter<long> Drops = Meter.CreateCounter<long>(
        "dataflow.source.websocket.dropped", "{message}", "Messages given up because the buffer was full (on-full: drop-oldest).");

    private static readonly Counter<double> Blocks = Meter.CreateCounter<double>(
        "dataflow.source.websocket.blocked.time", "s", "Time in which nothing was received because the buffer or the journal was full.");

    private static readonly Counter<long> Gaps = Meter.CreateCounter<long>("dataflow.source.websocket.gaps", "{gap}", "Entries of the gap ledger.");
    private static readonly Counter<double> GapTime = Meter.CreateCounter<double>("dataflow.source.websocket.gap.time", "s", "Time in the gaps of the ledger.");
    private static readonly Counter<long> GapMissing = Meter.CreateCounter<long>(
        "dataflow.source.websocket.gap.missing", "{message}", "Messages that the ledger knows to be missing.");

    private static readonly Histogram<double> Latency = Meter.CreateHistogram<double>(
        "dataflow.source.websocket.latency", "s", "From the server's time in a message (timestamp-path) to its receipt.");

    private static readonly Counter<long> GapFilled = Meter.CreateCounter<long>(
        "dataflow.source.websocket.gap.filled", "{record}", "Records that an API had for gaps (on-gap).");

    private readonly TimeProvider _time;
    private readonly KeyValuePair<string, object?> _pipeline;
    private readonly KeyValuePair<string, object?> _source = new("source_type", SourceType.WebSocket);
    private long _lastMessage;

    static WebSocketMetrics()
    {
        Meter.CreateObservableGauge(
            "dataflow.source.websocket.connected", () => Observe(source => source.IsConnected ? 1L : 0L), "1", "1 while connected, 0 while not.");
        Meter.CreateObservableGauge(
            "dataflow.source.websocket.gaps.unfilled", () => Observe(source => (long)source.GapsToFill), "{gap}", "Gaps that on-gap has not filled yet.");
        Meter.CreateObservableGauge(
            "dataflow.source.websocket.last_message.age", () => Observe(source => source.Age), "s", "Time since the last message, or since the start.");
    }

    public WebSocketMetrics(string pipelineId, TimeProvider time)
    {
        _time = time;
        _pipeline = new("pipeline_id", pipelineId);
        _lastMessage = time.GetUtcNow().UtcTicks;
        Running[this] = 0;
    }

    /// <summary>Whether there is a connection.</summary>
    public bool IsConnected { get; set; }

    /// <summary>Gaps that are not filled yet.</summary>
    public int GapsToFill { get; set; }

    private double Age => Math.Max(0, new TimeSpan(_time.GetUtcNow().UtcTicks - Volatile.Read(ref _lastMessage)).TotalSeconds);

    public void Reconnected() => Reconnects.Add(1, _pipeline, _source);

    public void Received(int bytes, DateTimeOffset now)
    {
        Volatile.Write(ref _lastMessage, now.UtcTicks);
        Messages.Add(1, _pipeline, _source);
        MessageSize.Record(bytes, _pipeline, _source);
    }

    public void Took(TimeSpan latency) => Latency.Record(latency.TotalSeconds, _pipeline, _source);

    public void Dropped(int messages) => Drops.Add(messages, _pipeline, _source);

    public void Blocked(TimeSpan time) => Blocks.Add(time.TotalSeconds, _pipeline, _source);

    public void Missed(SourceGap gap)
    {
        Gaps.Add(1, _pipeline, _source);
        GapTime.Add((gap.To - gap.From).TotalSeconds, _pipeline, _source);
        GapMissing.Add(gap.Missing ?? 0, _pipeline, _source);
    }

    public void Filled(int records) => GapFilled.Add(records, _pipeline, _source);

    /// <summary>Takes the gauges away.</summary>
    public void Dispose() => Running.TryRemove(this, out _);

    private static IEnumerable<Measurement<T>> Observe<T>(Func<WebSocketMetrics, T> valueOf)
        where T : struct
    {
        foreach (var (source, _) in Running)
        {
            yield return new Measurement<T>(valueOf(source), source._pipeline, source._source);
        }
    }
}
