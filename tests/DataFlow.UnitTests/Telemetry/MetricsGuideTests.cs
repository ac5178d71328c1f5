using DataFlow.Engine.Telemetry;

namespace DataFlow.UnitTests.Telemetry;

/// <summary>docs/guides/metrics.md lists the instruments that there are, no more and no fewer.</summary>
public sealed class MetricsGuideTests
{
    [Fact]
    public void The_guide_lists_every_instrument_with_kind_and_unit()
    {
        using var log = new MeasurementLog();
        using var meter = new PipelineMeter(log);

        var listed = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "metrics.md"))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length == 6 && cells[1].StartsWith('`'))
            .Select(cells => (cells[1].Trim('`'), cells[2], cells[3].Trim('`')));

        Assert.Equal(log.Instruments.Select(instrument => (instrument.Name, KindOf(instrument.GetType()), instrument.Unit!)), listed);
    }

    private static string KindOf(Type instrument) => instrument.Name switch
    {
        "Counter`1" or "ObservableCounter`1" => "counter",
        "Histogram`1" => "histogram",
        _ => "gauge",
    };
}
