using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Service;

/// <summary>
/// What a running service tells those who watch it. Alone: several services of one process share the metrics of one name, and the end
/// of one would end them for all.
/// </summary>
[CollectionDefinition(nameof(MonitoringTests), DisableParallelization = true)]
[Collection(nameof(MonitoringTests))]
public sealed partial class MonitoringTests(MonitoredService monitored) : IClassFixture<MonitoredService>
{
    [Fact]
    [Trait("claim", "OPS-07")]
    public async Task Every_metric_of_the_monitoring_lists_of_every_kind_of_source_is_exported_by_a_run()
    {
        string[] wanted =
        [
            // Kafka: lag, throughput, errors, rebalances.
            "dataflow_source_kafka_lag", "dataflow_source_kafka_lag_time_seconds", "dataflow_source_records_read_total", "dataflow_source_parse_errors_total",
            "dataflow_source_kafka_rebalances_total",

            // REST: response time, status codes, requests, pages, parse errors, connection errors.
            "dataflow_source_request_duration_seconds_bucket", "dataflow_source_requests_total", "dataflow_source_page", "dataflow_source_answer_parse_errors_total",
            "dataflow_source_connection_errors_total",

            // WebSocket: up or down, reconnections, messages, bytes, latency.
            "dataflow_source_websocket_connected", "dataflow_source_websocket_reconnects_total", "dataflow_source_websocket_messages_total", "dataflow_source_bytes_read_bytes_total",
            "dataflow_source_websocket_latency_seconds_bucket",

            // Database: query time, rows, watermark, connection errors, query errors.
            "dataflow_source_query_duration_seconds_bucket", "dataflow_source_rows_fetched_total", "dataflow_source_watermark", "dataflow_source_query_errors_total",
            "dataflow_source_freshness_seconds",
        ];

        var scrape = await monitored.ScrapeAsync(scrape =>
            wanted.All(scrape.Names.Contains) && scrape["dataflow_source_websocket_connected", "pipeline_id=\"stream\""] == 1);

        Assert.True(scrape["dataflow_source_requests_total", "pipeline_id=\"api\"", "status=\"200\""] > 0);
        Assert.NotNull(scrape["dataflow_source_requests_total", "pipeline_id=\"api\"", "status=\"503\""]);
        Assert.Equal(1, scrape["dataflow_source_websocket_reconnects_total", "pipeline_id=\"stream\""]);
        Assert.Equal(1704153600, scrape["dataflow_source_watermark", "pipeline_id=\"database\""]);
    }

    [Fact]
    [Trait("claim", "OPS-07")]
    public async Task The_figures_are_those_of_the_run_and_no_record_is_unaccounted()
    {
        var scrape = await monitored.ScrapeAsync(scrape =>
            scrape["dataflow_pipeline_records_delivered_total", "pipeline_id=\"csv\""] == 3
            && scrape["dataflow_pipeline_records_dead_lettered_total", "pipeline_id=\"csv\""] is not null);

        Assert.Equal(4, scrape["dataflow_source_records_read_total", "pipeline_id=\"csv\"", "source_type=\"file\""]);
        Assert.Equal(1, scrape["dataflow_pipeline_records_dead_lettered_total", "pipeline_id=\"csv\""]);
        Assert.Equal(0, scrape["dataflow_pipeline_records_unaccounted", "pipeline_id=\"csv\""]);
        Assert.Equal(1, scrape["dataflow_source_health", "pipeline_id=\"csv\""]);
        await monitored.ScrapeAsync(scrape => scrape["dataflow_pipeline_freshness_seconds", "pipeline_id=\"csv\""] == 0);
    }

    [Fact]
    [Trait("claim", "OPS-10")]
    public async Task A_source_that_does_not_reach_the_other_side_is_seen_and_alerted()
    {
        await monitored.ScrapeAsync(scrape =>
            scrape["dataflow_source_health", "pipeline_id=\"unreachable\""] == 0
            && scrape["dataflow_pipeline_freshness_seconds", "pipeline_id=\"unreachable\""] > 0);

        Assert.Contains("max by (pipeline_id, source_type) (dataflow_source_health) == 0", Deployed("prometheus/alerts.yaml"));
    }

    [Fact]
    public async Task A_sink_that_takes_nothing_is_seen_as_waiting_memory_in_flight_and_records_that_get_old()
    {
        const string Slow = "pipeline_id=\"slow\"";
        const string Sink = "waits_for=\"sink\"";
        var first = await monitored.ScrapeAsync(scrape => scrape["dataflow_pipeline_wait_seconds_total", Slow, Sink] > 0.5);

        var second = await monitored.ScrapeAsync(scrape =>
            scrape["dataflow_pipeline_wait_seconds_total", Slow, Sink] > first["dataflow_pipeline_wait_seconds_total", Slow, Sink] + 0.5
            && scrape["dataflow_pipeline_freshness_seconds", Slow] > first["dataflow_pipeline_freshness_seconds", Slow]);
        Assert.True(second["dataflow_pipeline_in_flight_bytes", Slow] > 0);
        Assert.True(second["dataflow_pipeline_in_flight_limit_bytes", Slow] >= second["dataflow_pipeline_in_flight_bytes", Slow]);
        Assert.Equal(first["dataflow_pipeline_records_delivered_total", Slow] ?? 0, second["dataflow_pipeline_records_delivered_total", Slow] ?? 0);

        monitored.OpenSink();
        await monitored.ScrapeAsync(scrape =>
            scrape["dataflow_pipeline_records_delivered_total", Slow] > 0
            && scrape["dataflow_pipeline_freshness_seconds", Slow] < second["dataflow_pipeline_freshness_seconds", Slow]);
    }

    [Fact]
    public async Task The_state_of_each_pipeline_and_what_the_node_holds_are_told()
    {
        var scrape = await monitored.ScrapeAsync(scrape =>
            scrape["dataflow_pipeline_state", "pipeline_id=\"csv\"", "state=\"running\""] == 1
            && scrape["dataflow_pipeline_state", "pipeline_id=\"broken\"", "state=\"failed\""] == 1);

        Assert.True(scrape["dataflow_node_leases"] >= 5);
        Assert.Equal(0, scrape["dataflow_pipeline_restarts_total", "pipeline_id=\"csv\""]);
    }

    [Fact]
    public async Task A_batch_is_a_span_while_somebody_listens()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "DataFlow",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);

        await monitored.Service.AddAsync("{ name: traced, source: { type: test, batch-size: 10, options: { total-records: 25 } }, sink: { type: 'null' } }");
        await Eventually.Is(() => OfPipeline(spans, "traced").Count == 3);

        var traced = OfPipeline(spans, "traced");
        Assert.Equal(["10", "10", "5"], traced.Select(span => $"{span.GetTagItem("records.read")}").Order(StringComparer.Ordinal));
        Assert.Equal(3, traced.Select(span => span.TraceId).Distinct().Count());
        Assert.All(traced, span => Assert.Equal(("dataflow.batch", "test", ActivityStatusCode.Unset), (span.OperationName, span.GetTagItem("source_type"), span.Status)));
        Assert.All(traced, span => Assert.True(span.Duration >= TimeSpan.Zero));
    }

    [Theory]
    [InlineData("grafana/dataflow.json")]
    [InlineData("prometheus/alerts.yaml")]
    [Trait("claim", "OPS-10")]
    public async Task Every_metric_of_dashboard_and_alert_rules_is_told_by_a_running_service(string file)
    {
        var names = MetricName().Matches(ExpressionsOf(file)).Select(match => match.Value).Distinct().Order().ToList();
        Assert.True(names.Count > 5);

        var missing = names;
        await monitored.ScrapeAsync(scrape =>
        {
            missing = [.. names.Where(name => !scrape.Names.Contains(name))];
            return missing.Count == 0;
        });

        Assert.Empty(missing);
    }

    private static List<Activity> OfPipeline(IEnumerable<Activity> spans, string pipeline) =>
        [.. spans.Where(span => (string?)span.GetTagItem("pipeline_id") == pipeline)];

    private static string Deployed(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "deploy", file));

    private static string ExpressionsOf(string file)
    {
        if (!file.EndsWith(".json", StringComparison.Ordinal))
        {
            return string.Join('\n', Deployed(file).Split('\n').Where(line => line.TrimStart().StartsWith("expr:", StringComparison.Ordinal)));
        }

        using var dashboard = JsonDocument.Parse(Deployed(file));
        return string.Join('\n', dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()));
    }

    [GeneratedRegex(@"\b(dataflow|http|dotnet)_[a-z_]+\b")]
    private static partial Regex MetricName();
}
