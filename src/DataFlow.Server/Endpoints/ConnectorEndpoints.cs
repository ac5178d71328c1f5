using System.ComponentModel;
using DataFlow.Cluster;
using DataFlow.Engine.Configuration;
using DataFlow.Server.Answers;
using DataFlow.Server.OpenApi;
using DataFlow.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace DataFlow.Server.Endpoints;

/// <summary>What pipelines can use.</summary>
internal static class ConnectorEndpoints
{
    public static void MapConnectors(this IEndpointRouteBuilder routes)
    {
        var connectors = routes.MapGroup("/connectors").WithTags("connectors");
        connectors.MapGet("", List)
            .Named("listConnectors", "List the sources, sinks and transforms.")
            .Produces<Page<ConnectorSummary>>()
            .RequireAuthorization(Access.Read);
        connectors.MapGet("/{role}/{name}", Describe)
            .Named("describeConnector", "Describe a source, sink or transform with all of its options, and the JSON Schema of its options.")
            .Produces<ConnectorAnswer>()
            .RequireAuthorization(Access.Read);
    }

    private static IResult List([FromServices] Catalogue catalogue, [Description("Only source, sink or transform.")] string? role = null)
    {
        ConnectorRole? wanted = role is null ? null : Words.Parse<ConnectorRole>(role, "role");
        IEnumerable<ConnectorSummary> all =
        [
            .. catalogue.Sources.Select(source => new ConnectorSummary(ConnectorRole.Source, source.Name, source.Summary)),
            .. catalogue.Sinks.Select(sink => new ConnectorSummary(ConnectorRole.Sink, sink.Name, sink.Summary)),
            .. catalogue.Transforms.Select(transform => new ConnectorSummary(ConnectorRole.Transform, transform.Name, transform.Summary)),
        ];
        return Results.Ok(new Page<ConnectorSummary>([.. all.Where(connector => wanted is null || connector.Role == wanted)], Next: null));
    }

    private static IResult Describe(string role, string name, [FromServices] Catalogue catalogue)
    {
        var answer = Words.Parse<ConnectorRole>(role, "role") switch
        {
            ConnectorRole.Source when catalogue.FindSource(name) is { } source =>
                ConnectorAnswer.Of(ConnectorReference.Of(source, catalogue), source.OptionsType),
            ConnectorRole.Sink when catalogue.FindSink(name) is { } sink =>
                ConnectorAnswer.Of(ConnectorReference.Of(sink, catalogue), sink.OptionsType),
            ConnectorRole.Transform when catalogue.FindTransform(name) is { } transform =>
                ConnectorAnswer.Of(ConnectorReference.Of(transform, catalogue), transform.OptionsType),
            _ => throw new RefusalException(RefusalKind.NotFound, $"There is no {role} '{name}'; /connectors lists what there is."),
        };
        return Results.Ok(answer);
    }
}
