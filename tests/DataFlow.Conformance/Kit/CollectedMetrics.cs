using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace DataFlow.Conformance;

/// <summary>What one pipeline says on the meter <c>DataFlow</c>: sums of counters, last values of gauges. Thread-safe.</summary>
public sealed class CollectedMetrics : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, double> _values = new();
    private readonly string _pipelineId;

    /// <summary>Begins to listen.</summary>
    /// <param name="pipelineId">The pipeline; those that run beside it are not heard.</param>
    public CollectedMetrics(string pipelineId)
    {
        _pipelineId = pipelineId;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "DataFlow")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>Names that were heard.</summary>
    public IReadOnlyCollection<string> Names => [.. _values.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The value of an instrument; 0 when it was never heard.</summary>
    public double this[string name] => _values.GetValueOrDefault(name);

    /// <summary>Asks the gauges for their values.</summary>
    public void Observe() => _listener.RecordObservableInstruments();

    /// <summary>Stops listening.</summary>
    public void Dispose() => _listener.Dispose();

    private void Hear(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (name, tag) in tags)
        {
            if (name == "pipeline_id" && (string?)tag == _pipelineId)
            {
                var isGauge = instrument is ObservableGauge<long> or ObservableGauge<double>;
                _values.AddOrUpdate(instrument.Name, value, (_, before) => isGauge ? value : before + value);
            }
        }
    }
}
