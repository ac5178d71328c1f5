using System.Collections;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace DataFlow.Server.Telemetry;

/// <summary>
/// Metrics for Prometheus at <c>/metrics</c>; metrics and traces pushed by OTLP when the standard settings <c>OTEL_*</c> say where to.
/// Without them nothing is traced.
/// </summary>
internal static class TelemetryExtensions
{
    private const string Prefix = "OTEL_";

    // Pipelines and connectors measure on meters of these names.
    private const string Meter = "DataFlow";
    private const string ConnectorMeters = "DataFlow.*";
    private const string ActivitySource = "DataFlow";

    // A thousand pipelines, each with what it waits for, and the outcomes of some.
    private const int MostSeries = 50_000;

    // From a cached read to a bulk load; the library's own are meant for milliseconds.
    private static readonly double[] Seconds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private static readonly string[] EndPoints =
        ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    public static void AddTelemetry(this WebApplicationBuilder builder, ServerOptions options)
    {
        builder.Configuration.AddInMemoryCollection(Variables());
        var configuration = builder.Configuration;
        var pushesAll = configuration[EndPoints[0]] is { Length: > 0 };
        var pushesMetrics = pushesAll || configuration[EndPoints[1]] is { Length: > 0 };
        var pushesTraces = pushesAll || configuration[EndPoints[2]] is { Length: > 0 };
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(
                "dataflow", serviceVersion: typeof(TelemetryExtensions).Assembly.GetName().Version?.ToString(3), serviceInstanceId: options.Cluster.NodeName)
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(Meter, ConnectorMeters).AddView(ViewOf).AddRuntimeInstrumentation().AddAspNetCoreInstrumentation().AddPrometheusExporter();
                if (pushesMetrics)
                {
                    metrics.AddOtlpExporter();
                }
            })
            .WithTracing(traces =>
            {
                if (pushesTraces)
                {
                    traces.AddSource(ActivitySource).AddAspNetCoreInstrumentation().AddOtlpExporter();
                }
            });
    }

    public static void MapTelemetry(this WebApplication app) =>
        app.MapPrometheusScrapingEndpoint("/metrics").RequireAuthorization(Access.Read);

    private static MetricStreamConfiguration? ViewOf(Instrument instrument) =>
        instrument.Meter.Name.Split('.')[0] != Meter ? null
        : instrument is Histogram<double> && instrument.Unit == "s" ? new ExplicitBucketHistogramConfiguration { CardinalityLimit = MostSeries, Boundaries = Seconds }
        : new MetricStreamConfiguration { CardinalityLimit = MostSeries };

    private static IEnumerable<KeyValuePair<string, string?>> Variables() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value))
        .Where(variable => variable.Key.StartsWith(Prefix, StringComparison.Ordinal));
}
