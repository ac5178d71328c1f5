using DataFlow.Cluster;
using DataFlow.Server.Answers;
using DataFlow.Server.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace DataFlow.Server.Endpoints;

/// <summary>The nodes of the service.</summary>
internal static class NodeEndpoints
{
    public static void MapNodes(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/nodes", ListAsync)
            .WithTags("nodes")
            .Named("listNodes", "List the nodes of the service.")
            .Produces<Page<NodeAnswer>>()
            .RequireAuthorization(Access.Read);

    private static async Task<IResult> ListAsync([FromServices] PipelineService service, CancellationToken ct)
    {
        var nodes = await service.NodesAsync(ct).ConfigureAwait(false);
        return Results.Ok(new Page<NodeAnswer>([.. nodes.Select(NodeAnswer.Of)], Next: null));
    }
}
