using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace DataFlow.Server.Health;

/// <summary>
/// What a supervisor asks: <c>/health/live</c>, whether the process must be started again, and <c>/health/ready</c>, whether it can
/// answer requests. Everybody may ask; details are for those who may look.
/// </summary>
internal static class HealthEndpoints
{
    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck<StoreCheck>("store", tags: ["ready"]);
        return services;
    }

    public static void MapHealth(this WebApplication app)
    {
        Map(app, "/health/live", "live");
        Map(app, "/health/ready", "ready");
    }

    private static void Map(WebApplication app, string path, string tag) => app
        .MapHealthChecks(path, new HealthCheckOptions { Predicate = check => check.Tags.Contains(tag), ResponseWriter = WriteAsync })
        .AllowAnonymous();

    private static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(new HealthAnswer(
        Word(report.Status),
        Access.MayRead(context.User)
            ? report.Entries.ToDictionary(entry => entry.Key, entry => new HealthCheckAnswer(Word(entry.Value.Status), entry.Value.Description))
            : null));

    private static string Word(HealthStatus status) => status.ToString().ToLowerInvariant();
}

/// <summary>How the process is.</summary>
/// <param name="Status"><c>healthy</c> or <c>unhealthy</c>.</param>
/// <param name="Checks">What was checked; left out for those who may not look.</param>
internal sealed record HealthAnswer(string Status, IReadOnlyDictionary<string, HealthCheckAnswer>? Checks);

/// <summary>One thing that was checked.</summary>
/// <param name="Status"><c>healthy</c> or <c>unhealthy</c>.</param>
/// <param name="Reason">What is wrong; left out while nothing is.</param>
internal sealed record HealthCheckAnswer(string Status, string? Reason);
