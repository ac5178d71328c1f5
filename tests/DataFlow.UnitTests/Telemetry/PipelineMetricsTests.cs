using DataFlow.Engine.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Telemetry;

public sealed class PipelineMetricsTests : IDisposable
{
    private const string Tags = "pipeline_id=users source_type=file";

    private readonly MeasurementLog _log = new();
    private readonly PipelineMeter _meter;
    private readonly PipelineMetrics _metrics;
    private readonly FakeTimeProvider _time = new();
    private readonly BatchPool _pool = new();

    public PipelineMetricsTests()
    {
        _meter = new PipelineMeter(_log);
        _metrics = _meter.Start("users", "file", _time);
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _meter.Dispose();
        _log.Dispose();
    }

    [Theory]
    [InlineData("dataflow.source.records.read", "{record}", "Counter`1")]
    [InlineData("dataflow.source.bytes.read", "By", "Counter`1")]
    [InlineData("dataflow.source.records.skipped", "{record}", "Counter`1")]
    [InlineData("dataflow.source.batches.sent", "{batch}", "Counter`1")]
    [InlineData("dataflow.source.batch.size", "{record}", "Histogram`1")]
    [InlineData("dataflow.source.batch.duration", "s", "Histogram`1")]
    [InlineData("dataflow.source.errors", "{error}", "Counter`1")]
    [InlineData("dataflow.source.parse.errors", "{record}", "Counter`1")]
    [InlineData("dataflow.source.connection.errors", "{error}", "Counter`1")]
    [InlineData("dataflow.source.health", "1", "ObservableGauge`1")]
    [InlineData("dataflow.source.offset", "{record}", "ObservableGauge`1")]
    [InlineData("dataflow.source.backlog", "By", "ObservableGauge`1")]
    [InlineData("dataflow.source.backlog.records", "{record}", "ObservableGauge`1")]
    [InlineData("dataflow.pipeline.freshness", "s", "ObservableGauge`1")]
    [InlineData("dataflow.pipeline.in_flight", "By", "ObservableGauge`1")]
    [InlineData("dataflow.pipeline.in_flight.limit", "By", "ObservableGauge`1")]
    [InlineData("dataflow.pipeline.wait", "s", "ObservableCounter`1")]
    [InlineData("dataflow.pipeline.records.delivered", "{record}", "Counter`1")]
    [InlineData("dataflow.pipeline.records.filtered", "{record}", "Counter`1")]
    [InlineData("dataflow.pipeline.records.dead_lettered", "{record}", "Counter`1")]
    [InlineData("dataflow.pipeline.records.deduplicated", "{record}", "Counter`1")]
    [InlineData("dataflow.pipeline.records.unaccounted", "{record}", "ObservableGauge`1")]
    public void Every_instrument_is_on_the_meter_DataFlow_with_unit_and_description(string name, string unit, string kind)
    {
        var instrument = Assert.Single(_log.Instruments, instrument => instrument.Name == name);

        Assert.Equal("DataFlow", instrument.Meter.Name);
        Assert.Equal(unit, instrument.Unit);
        Assert.Equal(kind, instrument.GetType().Name);
        Assert.EndsWith(".", instrument.Description);
        Assert.Equal(22, _log.Instruments.Count);
    }

    [Fact]
    public void A_batch_counts_its_records_bytes_size_and_duration()
    {
        var batch = Batch(rows: 3);
        batch.BytesRead = 1234;
        batch.AddError(Error("too-many-fields"));

        _metrics.CountBatch(batch, TimeSpan.FromMilliseconds(250));

        Assert.Equal([(4, Tags)], _log.Of("dataflow.source.records.read"));
        Assert.Equal([(1234, Tags)], _log.Of("dataflow.source.bytes.read"));
        Assert.Equal([(1, Tags)], _log.Of("dataflow.source.records.skipped"));
        Assert.Equal([(1, Tags)], _log.Of("dataflow.source.batches.sent"));
        Assert.Equal([(4, Tags)], _log.Of("dataflow.source.batch.size"));
        Assert.Equal([(0.25, Tags)], _log.Of("dataflow.source.batch.duration"));
        batch.Release();
    }

    [Fact]
    public void Parse_errors_are_counted_by_outcome_whether_the_record_was_repaired_or_dead_lettered()
    {
        var batch = Batch(rows: 3);
        batch.AddError(Error("too-many-fields"));
        batch.AddError(Error("refused", RecordError.Stages.Transform));
        batch.CountOutcome("padded", 2);

        _metrics.CountBatch(batch, TimeSpan.Zero);

        Assert.Equal(
            [(1, $"{Tags} outcome=too-many-fields"), (2, $"{Tags} outcome=padded")], _log.Of("dataflow.source.parse.errors"));
        Assert.Equal([(4, Tags)], _log.Of("dataflow.source.records.read"));
        batch.Release();
    }

    [Fact]
    public void Outcomes_without_end_do_not_become_tags_without_end()
    {
        var batch = Batch(rows: 0);
        for (var i = 0; i < 1000; i++)
        {
            batch.AddError(Error($"bad-{i}"));
        }

        batch.AddError(Error("bad-0"));
        _metrics.CountBatch(batch, TimeSpan.Zero);

        var outcomes = _log.Of("dataflow.source.parse.errors")
            .GroupBy(entry => entry.Tags)
            .ToDictionary(group => group.Key, group => group.Sum(entry => entry.Value));
        Assert.Equal(51, outcomes.Count);
        Assert.Equal(950, outcomes[$"{Tags} outcome=other"]);
        Assert.Equal(2, outcomes[$"{Tags} outcome=bad-0"]);
        batch.Release();
    }

    [Fact]
    public void A_commit_counts_what_became_of_the_records()
    {
        var brought = new RecordCounters { Read = 10, Delivered = 4, Filtered = 3, DeadLettered = 2, Deduplicated = 7 };

        _metrics.CountCommit(brought, brought, offset: 99);

        Assert.Equal([(4, Tags)], _log.Of("dataflow.pipeline.records.delivered"));
        Assert.Equal([(3, Tags)], _log.Of("dataflow.pipeline.records.filtered"));
        Assert.Equal([(2, Tags)], _log.Of("dataflow.pipeline.records.dead_lettered"));
        Assert.Equal([(7, Tags)], _log.Of("dataflow.pipeline.records.deduplicated"));
        Assert.Equal([(1, Tags)], _log.Observe("dataflow.pipeline.records.unaccounted"));
        Assert.Equal([(99, Tags)], _log.Observe("dataflow.source.offset"));
    }

    [Fact]
    public void Failures_are_counted()
    {
        _metrics.CountError();
        _metrics.CountConnectionError();
        _metrics.CountConnectionError();

        Assert.Equal([(1, Tags)], _log.Of("dataflow.source.errors"));
        Assert.Equal([(1, Tags), (1, Tags)], _log.Of("dataflow.source.connection.errors"));
    }

    [Fact]
    public void Health_is_1_until_something_is_wrong_and_again_when_it_is_over()
    {
        Assert.Equal([(1, Tags)], _log.Observe("dataflow.source.health"));

        _metrics.Health = () => false;
        Assert.Equal([(0, Tags)], _log.Observe("dataflow.source.health"));

        _metrics.Health = () => true;
        Assert.Equal([(1, Tags)], _log.Observe("dataflow.source.health"));
    }

    [Fact]
    public void The_offset_starts_where_the_run_starts()
    {
        _metrics.StartAt(500);

        Assert.Equal([(500, Tags)], _log.Observe("dataflow.source.offset"));
    }

    [Fact]
    public void The_backlog_is_asked_for_when_it_is_wanted_and_missing_while_unknown()
    {
        long? left = null;
        Assert.Empty(_log.Observe("dataflow.source.backlog"));
        _metrics.Backlog = () => left;
        Assert.Empty(_log.Observe("dataflow.source.backlog"));

        left = 4096;
        Assert.Equal([(4096, Tags)], _log.Observe("dataflow.source.backlog"));
    }

    [Fact]
    public void A_wait_counts_by_what_it_is_for_while_it_goes_on_and_after()
    {
        _metrics.Waits.Begin(WaitsFor.Sink);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Contains((3, $"{Tags} waits_for=sink"), _log.Observe("dataflow.pipeline.wait"));

        _metrics.Waits.End();
        _time.Advance(TimeSpan.FromSeconds(5));
        _metrics.Waits.Begin(WaitsFor.Source);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(
            [(1, $"{Tags} waits_for=source"), (0, $"{Tags} waits_for=workers"), (3, $"{Tags} waits_for=sink"), (0, $"{Tags} waits_for=commit")],
            _log.Observe("dataflow.pipeline.wait"));
    }

    [Fact]
    public void Each_pipeline_has_its_own_gauges_until_it_ends()
    {
        using (var orders = _meter.Start("orders", "test", _time))
        {
            orders.Health = () => false;
            Assert.Equal(
                [(0, "pipeline_id=orders source_type=test"), (1, Tags)],
                _log.Observe("dataflow.source.health").OrderBy(entry => entry.Value));
        }

        Assert.Equal([(1, Tags)], _log.Observe("dataflow.source.health"));
    }

    private static RecordError Error(string reason, string stage = RecordError.Stages.Source) =>
        new(Guid.NewGuid(), stage, reason, "It is bad.", [], "s", 1);

    private RecordBatch Batch(int rows)
    {
        var batch = _pool.Rent(100);
        batch.Begin(RecordSchema.Empty, rows);
        for (var i = 0; i < rows; i++)
        {
            batch.AddRow(0, 0);
        }

        return batch;
    }
}
