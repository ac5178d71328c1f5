using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.Server.Problems;

/// <summary>Makes every error of the API a problem (RFC 9457).</summary>
internal static class ProblemExtensions
{
    public static void AddProblems(this IServiceCollection services)
    {
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddExceptionHandler<ExceptionProblems>();
        services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            // What the framework itself refused: no such route, method or media type.
            var problem = context.ProblemDetails;
            var kind = ProblemKinds.Of(problem.Status ?? context.HttpContext.Response.StatusCode);
            problem.Type = kind.Type;
            problem.Title = kind.Title;
            problem.Detail ??= kind.Advice;
            problem.Instance = context.HttpContext.Request.Path;
        });
    }

    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
    }
}
