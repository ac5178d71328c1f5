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
    public static RouteHandlerBuilder AcceptsDefinition(this RouteHandlerBuilder endpoint) =>
        endpoint.Accepts<DefinitionDocument>(MediaTypes.Definition[0], [.. MediaTypes.Definition.Skip(1)]);
}

/// <summary>A pipeline file, as YAML or JSON.</summary>
internal sealed record DefinitionDocument;
