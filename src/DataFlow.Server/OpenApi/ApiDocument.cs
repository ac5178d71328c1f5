using DataFlow.Server.Endpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace DataFlow.Server.OpenApi;

/// <summary>The OpenAPI document of the API, as a service gives it at <c>/openapi/v1.json</c>.</summary>
public static class ApiDocument
{
    /// <summary>Path of the document in the reference folder.</summary>
    public const string Page = "openapi.json";

    /// <summary>Writes the document. Nothing is started.</summary>
    public static async Task<string> WriteAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddApi();
        var app = builder.Build();
        await using (app.ConfigureAwait(false))
        {
            app.UseRouting();
            app.MapApi();
            app.UseEndpoints(_ => { });
            var provider = app.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(ApiDescription.Document);
            var document = await provider.GetOpenApiDocumentAsync(ct).ConfigureAwait(false);
            return (await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, ct).ConfigureAwait(false)).ReplaceLineEndings("\n") + "\n";
        }
    }
}
