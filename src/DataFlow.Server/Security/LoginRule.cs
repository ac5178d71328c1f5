using System.Net;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Server;

/// <summary>Decides whether a service asks for a login, and refuses one that would stand open.</summary>
internal static class LoginRule
{
    /// <summary>True when nobody gets in without a key or token: as soon as others than this machine can reach it.</summary>
    public static bool IsRequired(ServerOptions options) => options.Security.RequireLogin || options.Listen.Any(url => !IsLoopback(url));

    /// <summary>Checks that a service which asks for a login can be logged in to, and that nothing else is forgotten.</summary>
    /// <exception cref="ConfigurationException">It can't.</exception>
    public static async Task CheckAsync(ServerOptions options, IServiceStore store, CancellationToken ct)
    {
        if (options.Security.Oidc is { } oidc && oidc.Authority.Scheme != Uri.UriSchemeHttps && !oidc.Authority.IsLoopback)
        {
            throw Refuse("oidc-authority", $"'{oidc.Authority}' is not HTTPS, so that anybody on the way could issue tokens; give its https:// address.");
        }

        if (options.Security.Tls is null && options.Listen.FirstOrDefault(url => url.Scheme == Uri.UriSchemeHttps) is { } secure)
        {
            throw Refuse("listen", $"'{secure}' needs a certificate; give it with --tls-certificate FILE and --tls-key FILE.");
        }

        if (options.Security.Oidc is null && IsRequired(options) && (await store.Keys.ListAsync(ct).ConfigureAwait(false)).Count == 0)
        {
            var why = options.Listen.FirstOrDefault(url => !IsLoopback(url)) is { } open
                ? $"'{open}' can be reached by others, and nothing keeps them out"
                : "a login is required, and there is no way to log in";
            throw Refuse(
                "listen",
                $"{why}. Make a key first: dataflow keys create NAME (with the --state or --database of this service); or take tokens with --oidc-authority; or listen on http://127.0.0.1:{options.Listen[0].Port}.");
        }
    }

    private static bool IsLoopback(Uri url) =>
        url.Host == "localhost" || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static ConfigurationException Refuse(string key, string message) => new([new ConfigurationProblem(null, 0, 0, key, message)]);
}
