using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Scalar.AspNetCore;

namespace DataFlow.Server.OpenApi;

/// <summary>The description of the API: the OpenAPI document for programs, a page for people.</summary>
internal static class ApiDescription
{
    /// <summary>Name of the document, and its version.</summary>
    public const string Document = "v1";

    /// <summary>Where the page is.</summary>
    public const string Page = "/docs";

    public static IServiceCollection AddApiDescription(this IServiceCollection services)
    {
        services.AddOpenApi("v1", options =>
        {
            options.AddDocumentTransformer(DocumentDescription.Write);
            options.AddOperationTransformer(OperationDescription.WriteAsync);
            options.AddSchemaTransformer(SchemaDescription.WriteAsync);
        });
        return services;
    }

    public static void MapApiDescription(this WebApplication app)
    {
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference(Page, options =>
        {
            // Nothing is fetched from elsewhere and nothing is sent there: a service often has no way out.
            options.Title = "DataFlow";
            options.Telemetry = false;
            options.DefaultFonts = false;
            options.HideClientButton = true;
            options.DisableAgent().DisableMcp().HideDeveloperTools();
        }).AllowAnonymous();
        app.MapGet("/", () => Results.Redirect(Page)).ExcludeFromDescription().AllowAnonymous();
    }
}
