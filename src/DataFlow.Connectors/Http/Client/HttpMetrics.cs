using System.Diagnostics.Metrics;
using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>Counts what one connector does over HTTP, on the meter <c>DataFlow</c>. Without a listener it costs next to nothing.</summary>
internal sealed class HttpMetrics
{
    private static readonly Meter Meter = new("DataFlow");

    private readonly Instruments _instruments;
    private readonly KeyValuePair<string, object?> _pipeline;
    private readonly KeyValuePair<string, object?> _type;

    private HttpMetrics(Instruments instruments, string pipelineId, string typeTag, string type)
    {
        _instruments = instruments;
        _pipeline = new("pipeline_id", pipelineId);
        _type = new(typeTag, type);
    }

    /// <summary>For a source.</summary>
    public static HttpMetrics OfSource(string pipelineId, string type) => new(Instruments.Source, pipelineId, "source_type", type);

    /// <summary>For a sink.</summary>
    public static HttpMetrics OfSink(string pipelineId, string type) => new(Instruments.Sink, pipelineId, "sink_type", type);

    /// <summary>Counts a request that was answered.</summary>
    public void Answered(int status, TimeSpan duration)
    {
        var code = new KeyValuePair<string, object?>("status", status.ToString(CultureInfo.InvariantCulture));
        _instruments.Requests.Add(1, _pipeline, _type, code);
        _instruments.Duration.Record(duration.TotalSeconds, _pipeline, _type, code);
    }

    /// <summary>Counts a request that got no answer.</summary>
    public void Failed() => _instruments.Requests.Add(1, _pipeline, _type, new KeyValuePair<string, object?>("status", "none"));

    /// <summary>Counts an answer that could not be parsed.</summary>
    public void AnswerUnreadable() => _instruments.ParseErrors.Add(1, _pipeline, _type);

    /// <summary>Says which page of the poll is being read.</summary>
    public void AtPage(long page) => _instruments.Page.Record(page, _pipeline, _type);

    private sealed class Instruments(string side)
    {
        public static readonly Instruments Source = new("source");

        public static readonly Instruments Sink = new("sink");

        public Counter<long> Requests { get; } = Meter.CreateCounter<long>(
            $"dataflow.{side}.requests", "{request}", "Requests sent, by the status of the answer; none when there was no answer.");

        public Histogram<double> Duration { get; } = Meter.CreateHistogram<double>(
            $"dataflow.{side}.request.duration", "s", "Time from the request to the headers of its answer, by status.");

        public Counter<long> ParseErrors { get; } = Meter.CreateCounter<long>(
            $"dataflow.{side}.answer.parse.errors", "{answer}", "Answers that could not be parsed.");

        public Gauge<long> Page { get; } = Meter.CreateGauge<long>(
            $"dataflow.{side}.page", "{page}", "The page of the current poll that is being read, counted from 1.");
    }
}
