using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;
using DataFlow.UnitTests.Connectors;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.UnitTests.Conformance;

/// <summary>The auditor finds each way in which an output can be wrong, and nothing in a right one.</summary>
public sealed class AuditorTests : IAsyncLifetime
{
    private const int Total = 500;

    private readonly TempFolder _folder = new();
    private List<string> _lines = [];

    public async ValueTask InitializeAsync()
    {
        var pipeline = PipelineFile.Parse(
            $$"""
            name: audited
            source: { type: test, options: { record-type: order, total-records: {{Total}}, audit: true, run-id: run-1, nulls: 0.2 } }
            sink: { type: file, connection: out.ndjson }
            """,
            _folder["audited.yaml"],
            BuiltInCatalogue.Instance);
        await using var store = new InMemoryStateStore(TimeProvider.System);
        var outcome = await new PipelineRunner(pipeline.ToSpec(), store, TimeProvider.System, NullLogger.Instance).RunAsync(default);
        Assert.Null(outcome.Error);
        _lines = [.. File.ReadAllLines(_folder["out.ndjson"])];
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_undisturbed_run_is_clean()
    {
        var report = await CheckAsync();

        Assert.True(report.IsClean, report.ToString());
        Assert.Equal(Total, report.Records);
    }

    [Fact]
    public async Task A_missing_record_is_found()
    {
        _lines.RemoveAt(6);

        Assert.Equal("499 records; missing 1 (7); duplicated 0; damaged 0; out of order 0; foreign 0", (await CheckAsync()).ToString());
    }

    [Fact]
    public async Task A_record_that_is_there_twice_is_found()
    {
        _lines.Add(_lines[6]);

        Assert.Equal([7], (await CheckAsync()).Duplicated.Examples);
    }

    [Fact]
    public async Task A_changed_value_is_found()
    {
        _lines[6] = _lines[6].Replace("\"order_id\":\"", "\"order_id\":\"X", StringComparison.Ordinal);

        Assert.Equal([7], (await CheckAsync()).Damaged.Examples);
    }

    [Fact]
    public async Task Two_records_that_changed_places_are_found()
    {
        (_lines[6], _lines[7]) = (_lines[7], _lines[6]);

        var report = await CheckAsync();
        Assert.Equal([7], report.OutOfOrder.Examples);
        Assert.Equal((0, 0), (report.Missing.Count, report.Duplicated.Count));
    }

    [Fact]
    public async Task Records_of_another_run_or_none_are_found()
    {
        _lines.Add(_lines[6].Replace("run-1", "run-2", StringComparison.Ordinal));
        _lines.Add("""{"a":1}""");

        Assert.Equal(2, (await CheckAsync()).Foreign);
    }

    [Fact]
    public async Task A_long_list_is_cut()
    {
        _lines.RemoveRange(0, 100);

        var missing = (await CheckAsync()).Missing;
        Assert.Equal((100, Auditor.MostExamples), (missing.Count, missing.Examples.Count));
        Assert.EndsWith(", 20, ...)", missing.ToString());
    }

    private async Task<AuditReport> CheckAsync()
    {
        await File.WriteAllLinesAsync(_folder["out.ndjson"], _lines);
        return await Auditor.CheckAsync(new NdjsonOutput(_folder["out.ndjson"]), "run-1", Total, default);
    }
}
