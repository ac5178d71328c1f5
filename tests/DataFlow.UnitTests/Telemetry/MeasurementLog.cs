using System.Diagnostics.Metrics;

namespace DataFlow.UnitTests.Telemetry;

/// <summary>Listens to the meters of one factory and keeps what it hears.</summary>
internal sealed class MeasurementLog : IMeterFactory
{
    private readonly List<Meter> _meters = [];
    private readonly List<(string Name, double Value, string Tags)> _heard = [];
    private readonly MeterListener _listener = new();

    public MeasurementLog()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == this)
            {
                Instruments.Add(instrument);
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.Start();
    }

    public List<Instrument> Instruments { get; } = [];

    public Meter Create(MeterOptions options)
    {
        // Tests run side by side, and a listener hears of all meters of the process.
        options.Scope = this;
        var meter = new Meter(options);
        _meters.Add(meter);
        return meter;
    }

    /// <summary>What one instrument has said: value and tags as text.</summary>
    public IEnumerable<(double Value, string Tags)> Of(string name) =>
        _heard.Where(entry => entry.Name == name).Select(entry => (entry.Value, entry.Tags));

    /// <summary>What the gauges say now.</summary>
    public IEnumerable<(double Value, string Tags)> Observe(string name)
    {
        _heard.RemoveAll(entry => entry.Name == name);
        _listener.RecordObservableInstruments();
        return Of(name);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meters.ForEach(meter => meter.Dispose());
    }

    private void Hear(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _heard.Add((instrument.Name, value, string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))));
}
