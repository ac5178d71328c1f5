using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace DataFlow.Server;

/// <summary>Who may do what. Each endpoint names one of the policies; one that names none is for those who may look.</summary>
internal static class Access
{
    /// <summary>May look.</summary>
    public const string Read = "read";

    /// <summary>May change things.</summary>
    public const string Write = "write";

    private const string Claim = "dataflow.access";

    /// <summary>Who asks, for the history.</summary>
    public static string NameOf(HttpContext context) => context.User.Identity?.Name is { Length: > 0 } name ? name : "a token without a subject";

    /// <summary>True when somebody may look.</summary>
    public static bool MayRead(ClaimsPrincipal user) => user.HasClaim(Claim, Read);

    /// <summary>What somebody may do. Whoever may change things may look at them.</summary>
    public static IEnumerable<Claim> Claims(bool mayRead, bool mayWrite)
    {
        if (mayRead || mayWrite)
        {
            yield return new Claim(Claim, Read);
        }

        if (mayWrite)
        {
            yield return new Claim(Claim, Write);
        }
    }

    /// <summary>Sets the policies up.</summary>
    public static void SetUp(AuthorizationOptions options)
    {
        options.AddPolicy(Read, policy => policy.RequireClaim(Claim, Read));
        options.AddPolicy(Write, policy => policy.RequireClaim(Claim, Write));
        options.FallbackPolicy = options.GetPolicy(Read);
    }
}
