using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors.Database;

public sealed class DatabaseMetricsTests
{
    [Fact]
    public void Freshness_is_the_age_of_the_newest_row_and_grows_while_nothing_comes()
    {
        var context = new TestSourceContext();
        using var heard = new CollectedMetrics(context.PipelineId);
        using var metrics = new DatabaseMetrics(context);
        metrics.SetWatermark(CursorValue.OfMoment(context.Clock.GetUtcNow().UtcDateTime.AddSeconds(-90).Ticks, hasZone: true));

        heard.Observe();
        Assert.Equal(90, heard["dataflow.source.freshness"]);
        context.Clock.Advance(TimeSpan.FromMinutes(5));

        heard.Observe();
        Assert.Equal(390, heard["dataflow.source.freshness"]);
        Assert.Equal(context.Clock.GetUtcNow().ToUnixTimeSeconds() - 390, heard["dataflow.source.watermark"]);
    }

    [Fact]
    public void An_id_has_no_age()
    {
        var context = new TestSourceContext();
        using var heard = new CollectedMetrics(context.PipelineId);
        using var metrics = new DatabaseMetrics(context);

        metrics.SetWatermark(CursorValue.OfNumber(42));

        heard.Observe();
        Assert.Equal(42, heard["dataflow.source.watermark"]);
        Assert.DoesNotContain("dataflow.source.freshness", heard.Names);
    }
}
