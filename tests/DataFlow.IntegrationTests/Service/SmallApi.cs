using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A REST API with three items, and a place that takes records.</summary>
internal static class SmallApi
{
    public static async Task<WebApplication> StartAsync(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        app.UseRouting();
        app.MapGet("/items", () => Results.Json(new { data = new[] { new { id = 1 }, new { id = 2 }, new { id = 3 } } }));
        await app.StartAsync();
        return app;
    }
}
