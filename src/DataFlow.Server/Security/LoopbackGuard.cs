using System.Net;
using Microsoft.AspNetCore.Http;

namespace DataFlow.Server;

/// <summary>
/// Where the service asks for no login, a page in a browser on the same machine must not be able to use it: neither by a name of its own
/// that leads to the loopback interface (DNS rebinding), nor by a request to another site.
/// </summary>
internal sealed class LoopbackGuard(RequestDelegate next)
{
    /// <summary>Passes on what no other site has sent.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var host = context.Request.Host;
        if (!IsLoopback(host.Host))
        {
            return AccessProblems.AnswerAsync(
                context,
                StatusCodes.Status421MisdirectedRequest,
                $"The request is for '{host}', and without login this service answers only to localhost, 127.0.0.1 and [::1]. Use one of them, or start it with --require-login.");
        }

        var origin = context.Request.Headers.Origin.ToString();
        if (origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var site) && site.Authority == host.Value))
        {
            return AccessProblems.AnswerAsync(
                context, StatusCodes.Status403Forbidden, "A page of another site has sent this request, and without login this service answers only to its own pages.");
        }

        return context.Request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" && !HttpMethods.IsGet(context.Request.Method)
            ? AccessProblems.AnswerAsync(context, StatusCodes.Status403Forbidden, "A page of another site has sent this request.")
            : next(context);
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
