using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace DataFlow.Server;

/// <summary>Lets those in who bring a token of the configured OpenID Connect issuer.</summary>
internal static class TokenAuthentication
{
    /// <summary>The name of this way in.</summary>
    public const string Name = "oidc";

    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    // Only signatures that nobody but the issuer can make. "none", and keys that both sides know, are not among them.
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    /// <summary>Sets it up.</summary>
    public static void SetUp(JwtBearerOptions bearer, OidcOptions oidc)
    {
        bearer.Authority = oidc.Authority.ToString();
        bearer.RequireHttpsMetadata = !oidc.Authority.IsLoopback;
        bearer.MapInboundClaims = false;
        bearer.SaveToken = false;
        bearer.TokenValidationParameters = new TokenValidationParameters
        {
            ValidAudience = oidc.Audience,
            ValidAlgorithms = Algorithms,
            ClockSkew = ClockSkew,
            NameClaimType = "sub",
        };
        bearer.Events = new JwtBearerEvents
        {
            OnMessageReceived = async context =>
            {
                if (Credentials.In(context.Request) is null)
                {
                    return;
                }

                try
                {
                    // Kept by the library for a day; asked here so that an issuer that is away is not put down to the token.
                    await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted).ConfigureAwait(false);
                }
                catch (InvalidOperationException away)
                {
                    context.Fail(new IssuerAwayException(away));
                }
            },
            OnTokenValidated = context =>
            {
                ((ClaimsIdentity)context.Principal!.Identity!).AddClaims(ClaimsOf(context.Principal, oidc));
                return Task.CompletedTask;
            },
            OnAuthenticationFailed = context =>
            {
                context.Fail(context.Exception);
                return Task.CompletedTask;
            },
            OnChallenge = context =>
            {
                context.HandleResponse();
                return context.AuthenticateFailure is IssuerAwayException
                    ? AccessProblems.AnswerAsync(context.HttpContext, StatusCodes.Status503ServiceUnavailable, $"Tokens can't be checked now: {oidc.Authority} does not answer as it should. Try again in a few seconds.")
                    : AccessProblems.ChallengeAsync(context.HttpContext, SentenceOf(context.AuthenticateFailure, oidc));
            },
            OnForbidden = context => AccessProblems.ForbidAsync(context.HttpContext),
        };
    }

    private static IEnumerable<Claim> ClaimsOf(ClaimsPrincipal token, OidcOptions oidc)
    {
        var words = token.Claims
            .Where(claim => claim.Type is "scope" or "scp" or "roles" or "role" || claim.Type == oidc.RoleClaim)
            .SelectMany(claim => claim.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToHashSet(StringComparer.Ordinal);
        return Access.Claims(words.Contains(oidc.ReadScope), words.Contains(oidc.WriteScope));
    }

    // What the token says is not repeated: it may be part of somebody else's.
    private static string? SentenceOf(Exception? failure, OidcOptions oidc) => failure switch
    {
        null => null,
        SecurityTokenExpiredException or SecurityTokenNoExpirationException => "The token has expired, or never does; get a new one.",
        SecurityTokenNotYetValidException => "The token is not valid yet; check the clocks.",
        SecurityTokenInvalidAudienceException => $"The token is for somebody else; get one for the audience '{oidc.Audience}'.",
        SecurityTokenInvalidIssuerException => $"The token was issued by somebody else; get one from {oidc.Authority}.",
        SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException or SecurityTokenInvalidAlgorithmException =>
            $"The token is not signed with a key of {oidc.Authority}; get one there.",
        _ => $"This is no token that can be used here; get one from {oidc.Authority}, or use a key.",
    };

    private sealed class IssuerAwayException(Exception cause) : Exception(cause.Message, cause);
}
