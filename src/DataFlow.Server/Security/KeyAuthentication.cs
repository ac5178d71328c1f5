using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataFlow.Server;

/// <summary>Lets those in who bring an API key.</summary>
internal sealed class KeyAuthentication(
    KeyCache keys, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>The name of this way in.</summary>
    public const string Name = "key";

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Credentials.In(Request) is not { } secret)
        {
            return AuthenticateResult.NoResult();
        }

        if (await keys.FindAsync(secret, Context.RequestAborted).ConfigureAwait(false) is not { } key)
        {
            return AuthenticateResult.Fail("There is no such key, or it was revoked; ask for another one, or make one with `dataflow keys create`.");
        }

        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, key.Name), .. Access.Claims(mayRead: true, key.MayWrite)], Name);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Name));
    }

    /// <inheritdoc/>
    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var result = await HandleAuthenticateOnceSafeAsync().ConfigureAwait(false);
        await AccessProblems.ChallengeAsync(Context, result.Failure?.Message).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => AccessProblems.ForbidAsync(Context);
}
