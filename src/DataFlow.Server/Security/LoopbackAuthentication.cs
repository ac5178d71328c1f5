using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataFlow.Server;

/// <summary>Lets everybody in who can reach the loopback interface, where the service asks for no login.</summary>
internal sealed class LoopbackAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>The name of this way in.</summary>
    public const string Name = "loopback";

    private static readonly ClaimsPrincipal Anybody =
        new(new ClaimsIdentity([new Claim(ClaimTypes.Name, "anonymous (loopback)"), .. Access.Claims(mayRead: true, mayWrite: true)], Name));

    /// <inheritdoc/>
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() =>
        Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(Anybody, Name)));
}
