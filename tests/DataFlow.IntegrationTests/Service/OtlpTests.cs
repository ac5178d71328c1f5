using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A service in a process of its own that pushes its telemetry.</summary>
public sealed class OtlpTests : IDisposable
{
    private const string Requests = "http.server.request.duration";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Metrics_and_traces_arrive_with_the_names_of_the_guide_and_the_pipeline(string protocol)
    {
        await using var receiver = await OtlpReceiver.StartAsync(protocol == "grpc");
        using var service = await ServeAsync(receiver.Address, protocol);

        using var client = new HttpClient { BaseAddress = service.Address };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/pipelines/people")).StatusCode);
        await Eventually.IsAsync(() =>
        {
            var seen = $"{receiver.Metrics.Count} points, {receiver.Spans.Count} spans";
            var isThere = Delivered(receiver) == 3 && receiver.Spans.Any(IsOurBatch) && receiver.Metrics.Any(metric => metric.Name == Requests);
            return Task.FromResult((isThere, seen));
        });
        (await service.TerminateAsync()).Succeeded();

        var read = receiver.Metrics.First(metric => metric.Name == "dataflow.source.records.read" && metric.Attributes["pipeline_id"] == "people");
        Assert.Equal("file", read.Attributes["source_type"]);
        Assert.Equal(("dataflow", "node-7"), (read.Resource["service.name"], read.Resource["service.instance.id"]));
        Assert.Contains(receiver.Metrics, metric => metric is { Name: "dataflow.pipeline.records.unaccounted", Value: 0 });
        var batch = receiver.Spans.First(IsOurBatch);
        Assert.Equal(("file", "3"), (batch.Attributes["source_type"], batch.Attributes["records.read"]));
        Assert.Equal("node-7", batch.Resource["service.instance.id"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_receiver_that_is_not_there_or_never_answers_does_no_harm(bool accepts)
    {
        using var receiver = new TcpListener(IPAddress.Loopback, 0);
        receiver.Start();
        var address = $"http://{receiver.LocalEndpoint}";
        if (!accepts)
        {
            receiver.Stop();
        }

        using var service = await ServeAsync(address, "http/protobuf");
        using var client = new HttpClient { BaseAddress = service.Address };
        await Eventually.IsAsync(async () =>
        {
            var pipeline = (await client.GetFromJsonAsync<JsonNode>("/pipelines/people"))!;
            return (pipeline["state"]!.GetValue<string>() == "completed", pipeline.ToJsonString());
        });
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready")).StatusCode);
        Assert.Contains("dataflow_pipeline_records_delivered_total", await client.GetStringAsync("/metrics"), StringComparison.Ordinal);

        (await service.TerminateAsync()).Succeeded();

        Assert.Equal(3, File.ReadAllLines(_folder["people.ndjson"]).Length);
    }

    private static bool IsOurBatch(OtlpSpan span) => span.Name == "dataflow.batch" && span.Attributes["pipeline_id"] == "people";

    private static double? Delivered(OtlpReceiver receiver) => receiver.Metrics
        .LastOrDefault(metric => metric.Name == "dataflow.pipeline.records.delivered" && metric.Attributes["pipeline_id"] == "people")?.Value;

    private Task<ServedProcess> ServeAsync(string endpoint, string protocol)
    {
        _folder.Write("in.csv", "id,name\n1,Ann\n2,Bob\n3,Cid\n");
        _folder.Write("people.yaml", Definitions.Csv("people", "in.csv"));
        return ServedProcess.StartAsync(
            _folder.Path,
            ["serve", "people.yaml", "--listen", "http://127.0.0.1:0", "--node", "node-7"],
            new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol,
                ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "2000",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            });
    }
}
