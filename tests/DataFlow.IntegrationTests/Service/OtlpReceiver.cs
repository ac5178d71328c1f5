using System.Buffers.Binary;
using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.IntegrationTests.Service;

/// <summary>What stands where telemetry is pushed to: takes metrics and traces by OTLP, over gRPC or as HTTP bodies, and keeps what they say.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private const string GrpcMetrics = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    private const string GrpcTraces = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    // Compressed or not, then the length.
    private const int GrpcPrefix = 5;

    private readonly WebApplication _app;

    private OtlpReceiver(WebApplication app) => _app = app;

    public ConcurrentQueue<OtlpMetric> Metrics { get; } = new();

    public ConcurrentQueue<OtlpSpan> Spans { get; } = new();

    public string Address => _app.Urls.First();

    public static async Task<OtlpReceiver> StartAsync(bool grpc)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0")
            .ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = grpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        var receiver = new OtlpReceiver(builder.Build());
        var app = receiver._app;
        app.UseRouting();
        app.MapPost("/v1/metrics", context => TakeAsync(context, receiver.TakeMetrics));
        app.MapPost("/v1/traces", context => TakeAsync(context, receiver.TakeTraces));
        app.MapPost(GrpcMetrics, context => TakeCallAsync(context, receiver.TakeMetrics));
        app.MapPost(GrpcTraces, context => TakeCallAsync(context, receiver.TakeTraces));
        await app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task TakeAsync(HttpContext context, Action<ReadOnlyMemory<byte>> take)
    {
        Assert.Equal("application/x-protobuf", context.Request.ContentType);
        take(await BodyAsync(context));
        context.Response.ContentType = "application/x-protobuf";
    }

    private static async Task TakeCallAsync(HttpContext context, Action<ReadOnlyMemory<byte>> take)
    {
        var call = await BodyAsync(context);
        Assert.Equal(0, call[0]);
        Assert.Equal(call.Length - GrpcPrefix, BinaryPrimitives.ReadInt32BigEndian(call.AsSpan(1)));
        take(call.AsMemory(GrpcPrefix));
        context.Response.ContentType = "application/grpc";
        context.Response.DeclareTrailer("grpc-status");
        await context.Response.Body.WriteAsync(new byte[GrpcPrefix]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task<byte[]> BodyAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    /// <summary>ExportMetricsServiceRequest: resource_metrics 1 { resource 1, scope_metrics 2 { metrics 2 { name 1, gauge 5, sum 7, histogram 9 { data_points 1 } } } }.</summary>
    private void TakeMetrics(ReadOnlyMemory<byte> request)
    {
        foreach (var resource in new ProtoMessage(request).Messages(1))
        {
            var attributes = Attributes(resource.Messages(1).Single(), field: 1);
            foreach (var metric in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                foreach (var (data, attributesField) in ((int, int)[])[(5, 7), (7, 7), (9, 9)])
                {
                    foreach (var point in metric.Messages(data).SelectMany(points => points.Messages(1)))
                    {
                        Metrics.Enqueue(new OtlpMetric(metric.Text(1), Attributes(point, attributesField), attributes, point.Number(4) ?? point.Fixed(6)));
                    }
                }
            }
        }
    }

    /// <summary>ExportTraceServiceRequest: resource_spans 1 { resource 1, scope_spans 2 { spans 2 { name 5, attributes 9 } } }.</summary>
    private void TakeTraces(ReadOnlyMemory<byte> request)
    {
        foreach (var resource in new ProtoMessage(request).Messages(1))
        {
            var attributes = Attributes(resource.Messages(1).Single(), field: 1);
            foreach (var span in resource.Messages(2).SelectMany(scope => scope.Messages(2)))
            {
                Spans.Enqueue(new OtlpSpan(span.Text(5), Attributes(span, field: 9), attributes));
            }
        }
    }

    /// <summary>KeyValue: key 1, value 2 { string_value 1, int_value 3 }.</summary>
    private static Dictionary<string, string> Attributes(ProtoMessage message, int field) => message.Messages(field)
        .ToDictionary(pair => pair.Text(1), pair => pair.Messages(2).Single() is var value && value.Has(1) ? value.Text(1) : $"{value.Fixed(3)}");
}

/// <summary>A point of a metric.</summary>
internal sealed record OtlpMetric(string Name, IReadOnlyDictionary<string, string> Attributes, IReadOnlyDictionary<string, string> Resource, double? Value);

/// <summary>A span.</summary>
internal sealed record OtlpSpan(string Name, IReadOnlyDictionary<string, string> Attributes, IReadOnlyDictionary<string, string> Resource);

/// <summary>The fields of a Protocol Buffers message by number.</summary>
internal sealed class ProtoMessage
{
    private readonly ILookup<int, object> _fields;

    public ProtoMessage(ReadOnlyMemory<byte> bytes) => _fields = Read(bytes).ToLookup(field => field.Number, field => field.Value);

    public bool Has(int field) => _fields.Contains(field);

    public IEnumerable<ProtoMessage> Messages(int field) => _fields[field].Select(value => new ProtoMessage(((ByteString)value).Memory));

    public string Text(int field) => ((ByteString)_fields[field].Single()).ToStringUtf8();

    /// <summary>A double; null when it is not there.</summary>
    public double? Number(int field) => Fixed(field) is { } bits ? BitConverter.UInt64BitsToDouble(bits) : null;

    /// <summary>A whole number; null when it is not there.</summary>
    public ulong? Fixed(int field) => _fields[field].SingleOrDefault() as ulong?;

    private static IEnumerable<(int Number, object Value)> Read(ReadOnlyMemory<byte> bytes)
    {
        using var input = new CodedInputStream(bytes.ToArray());
        while (input.ReadTag() is var tag and not 0)
        {
            yield return (WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => input.ReadUInt64(),
                WireFormat.WireType.Fixed64 => input.ReadFixed64(),
                WireFormat.WireType.Fixed32 => (ulong)input.ReadFixed32(),
                WireFormat.WireType.LengthDelimited => (object)input.ReadBytes(),
                var other => throw new FormatException($"Wire type {other}."),
            });
        }
    }
}
