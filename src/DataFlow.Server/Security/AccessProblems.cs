using DataFlow.Server.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.Server;

/// <summary>Answers those who are not let in, as a problem (RFC 9457).</summary>
internal static class AccessProblems
{
    /// <summary>Says who may come in: 401.</summary>
    /// <param name="context">The request.</param>
    /// <param name="detail">What was wrong with what it brought; null when it brought nothing.</param>
    public static Task ChallengeAsync(HttpContext context, string? detail)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"dataflow\"";
        return AnswerAsync(context, StatusCodes.Status401Unauthorized, detail);
    }

    /// <summary>Says that this one may not do this: 403.</summary>
    public static Task ForbidAsync(HttpContext context) => AnswerAsync(
        context,
        StatusCodes.Status403Forbidden,
        Access.MayRead(context.User)
            ? $"'{Access.NameOf(context)}' may only look; this needs a key or token that may write."
            : $"'{Access.NameOf(context)}' is known, but may neither look nor write here; the token has none of the scopes or roles that open this service.");

    /// <summary>Answers with a problem.</summary>
    public static async Task AnswerAsync(HttpContext context, int status, string? detail)
    {
        context.Response.StatusCode = status;
        await context.RequestServices.GetRequiredService<IProblemDetailsService>()
            .TryWriteAsync(new ProblemDetailsContext { HttpContext = context, ProblemDetails = new ProblemDetails { Status = status, Detail = detail ?? ProblemKinds.Of(status).Advice } })
            .ConfigureAwait(false);
    }
}
