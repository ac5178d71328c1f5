using System.Net.Http.Headers;

namespace DataFlow.Connectors;

/// <summary>Puts credentials on requests. Thread-safe.</summary>
internal abstract class HttpAuthenticator
{
    /// <summary>True when new credentials can be got after the server has refused the ones we had.</summary>
    public virtual bool CanRenew => false;

    /// <summary>The authenticator that the options ask for.</summary>
    /// <param name="options">Checked already.</param>
    /// <param name="send">Sends a request to the token endpoint.</param>
    /// <param name="folder">Where relative paths start.</param>
    /// <param name="time">The clock.</param>
    public static HttpAuthenticator Create(HttpOptions options, OAuthSend send, string folder, TimeProvider time) => options.AuthType switch
    {
        HttpAuthType.Basic => new FixedHeader("Authorization", HttpAddress.Basic(options.AuthUsername, options.AuthPassword).ToString()),
        HttpAuthType.Bearer => new FixedHeader("Authorization", $"Bearer {options.AuthToken}"),
        HttpAuthType.ApiKey when options.AuthKeyIn == ApiKeyPlace.Query => new QueryKey(options.AuthKeyName, options.AuthToken),
        HttpAuthType.ApiKey when options.AuthKeyIn == ApiKeyPlace.Cookie =>
            new FixedHeader("Cookie", $"{options.AuthKeyName}={Uri.EscapeDataString(options.AuthToken)}"),
        HttpAuthType.ApiKey => new FixedHeader(options.AuthKeyName, options.AuthToken),
        HttpAuthType.ClientCredentials or HttpAuthType.RefreshToken => new OAuthAuthenticator(options, send, folder, time),
        _ => new Nothing(),
    };

    /// <summary>Puts credentials on a request.</summary>
    public abstract ValueTask ApplyAsync(HttpRequestMessage request, CancellationToken ct);

    /// <summary>The server has refused the credentials of this request: get others before the next one.</summary>
    public virtual void Refused(HttpRequestMessage request)
    {
    }

    private sealed class Nothing : HttpAuthenticator
    {
        public override ValueTask ApplyAsync(HttpRequestMessage request, CancellationToken ct) => ValueTask.CompletedTask;
    }

    private sealed class FixedHeader(string name, string value) : HttpAuthenticator
    {
        public override ValueTask ApplyAsync(HttpRequestMessage request, CancellationToken ct)
        {
            HttpAddress.AddHeader(request, name, value);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class QueryKey(string name, string value) : HttpAuthenticator
    {
        public override ValueTask ApplyAsync(HttpRequestMessage request, CancellationToken ct)
        {
            request.RequestUri = HttpAddress.With(request.RequestUri!, [(name, value)]);
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Access tokens, renewed before they end and when they are refused.</summary>
    private sealed class OAuthAuthenticator(HttpOptions options, OAuthSend send, string folder, TimeProvider time) : HttpAuthenticator
    {
        private readonly OAuthTokens _tokens = new(options, send, folder, time);

        public override bool CanRenew => true;

        public override async ValueTask ApplyAsync(HttpRequestMessage request, CancellationToken ct) =>
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await _tokens.GetAsync(ct).ConfigureAwait(false));

        public override void Refused(HttpRequestMessage request) => _tokens.Refused(request.Headers.Authorization?.Parameter);
    }
}
