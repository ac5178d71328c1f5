using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.Server;

/// <summary>Who may do what. Each endpoint names one of the policies.</summary>
internal static class Access
{
    /// <summary>May look.</summary>
    public const string Read = "read";

    /// <summary>May change things.</summary>
    public const string Write = "write";

    /// <summary>Who asks, for the history.</summary>
    public static string NameOf(HttpContext context) => context.User.Identity?.Name is { Length: > 0 } name ? name : "API";

    /// <summary>Adds the policies.</summary>
    public static IServiceCollection AddAccess(this IServiceCollection services) => services.AddAuthorization(options =>
    {
        options.AddPolicy(Read, policy => policy.RequireAssertion(_ => true));
        options.AddPolicy(Write, policy => policy.RequireAssertion(_ => true));
    });
}
