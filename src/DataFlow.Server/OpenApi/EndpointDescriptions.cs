using DataFlow.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DataFlow.Server.OpenApi;

/// <summary>Says what an endpoint does, for the description of the API.</summary>
internal static class EndpointDescriptions
{
    /// <summary>A name for programs, a line and more for people.</summary>
    public static RouteHandlerBuilder Named(this RouteHandlerBuilder endpoint, string name, string summary, string? more = null)
    {
        endpoint.WithName(name).WithSummary(summary);
        return more is null ? endpoint : endpoint.WithDescription(more);
    }

    /// <summary>The body is a pipeline definition.</summary>
    public static RouteHandlerBuilder AcceptsDefinition(this RouteHandlerBuilder endpoint) => endpoint
        .Accepts<DefinitionDocument>(MediaTypes.Definition[0], [.. MediaTypes.Definition.Skip(1)])
        .Refuses(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType, StatusCodes.Status422UnprocessableEntity);

    /// <summary>The caller has to say which version of the pipeline is meant.</summary>
    public static RouteHandlerBuilder NeedsVersion(this RouteHandlerBuilder endpoint) => endpoint
        .WithMetadata(VersionNeeded.Instance)
        .Refuses(StatusCodes.Status412PreconditionFailed, StatusCodes.Status428PreconditionRequired);

    /// <summary>The problems that it answers with, besides those of every endpoint.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params IEnumerable<int> statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.ProducesProblem(status);
        }

        return endpoint;
    }
}

/// <summary>A pipeline file, as YAML or JSON. <c>dataflow schema</c> prints its JSON Schema.</summary>
public sealed record DefinitionDocument;

/// <summary>Marks an endpoint that asks for the header If-Match.</summary>
internal sealed class VersionNeeded
{
    public static VersionNeeded Instance { get; } = new();
}
