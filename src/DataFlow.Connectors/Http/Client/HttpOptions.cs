#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
namespace DataFlow.Connectors;

internal enum HttpAuthType
{
    None,
    Basic,
    Bearer,
    ApiKey,

    [OptionValue("oauth2-client-credentials")]
    ClientCredentials,

    [OptionValue("oauth2-refresh-token")]
    RefreshToken,
}

internal enum ApiKeyPlace
{
    Header,
    Query,
    Cookie,
}

internal enum ClientSecretPlace
{
    Basic,
    Body,
}

/// <summary>How to talk to an HTTP server: what the api source and the http sink have in common.</summary>
internal record HttpOptions : IOptionsValidation
{
    [Option("How to prove who we are: none, basic (auth-username, auth-password), bearer (auth-token), api-key (auth-token, auth-key-name), "
        + "oauth2-client-credentials or oauth2-refresh-token.")]
    public HttpAuthType AuthType { get; init; } = HttpAuthType.None;

    [Option("basic: the user name.")]
    public string AuthUsername { get; init; } = "";

    [Option("basic: the password.", Secret = true, Example = "${env:API_PASSWORD}")]
    public string AuthPassword { get; init; } = "";

    [Option("bearer, api-key: the token or key.", Secret = true, Example = "${env:API_TOKEN}")]
    public string AuthToken { get; init; } = "";

    [Option("api-key: name of the header, query parameter or cookie that carries the key.")]
    public string AuthKeyName { get; init; } = "X-API-Key";

    [Option("api-key: where the key goes: header, query or cookie.")]
    public ApiKeyPlace AuthKeyIn { get; init; } = ApiKeyPlace.Header;

    [Option("oauth2: the address that gives out access tokens.", Example = "https://login.example.com/oauth2/token")]
    public string AuthTokenUrl { get; init; } = "";

    [Option("oauth2: the client id.")]
    public string AuthClientId { get; init; } = "";

    [Option("oauth2: the client secret.", Secret = true, Example = "${env:CLIENT_SECRET}")]
    public string AuthClientSecret { get; init; } = "";

    [Option("oauth2: how client id and secret are sent: basic (Authorization header) or body.", Advanced = true)]
    public ClientSecretPlace AuthClientIn { get; init; } = ClientSecretPlace.Basic;

    [Option("oauth2: the scopes to ask for, with spaces between them.")]
    public string AuthScope { get; init; } = "";

    [Option("oauth2-refresh-token: the refresh token.", Secret = true, Example = "${env:REFRESH_TOKEN}")]
    public string AuthRefreshToken { get; init; } = "";

    [Option("oauth2-refresh-token: a file that keeps the newest refresh token, for servers that give out another one each time. It wins "
        + "over auth-refresh-token once it is there.", Advanced = true, Example = "refresh-token.txt", Path = true)]
    public string AuthRefreshTokenFile { get; init; } = "";

    [Option("oauth2: how long before its end an access token is renewed.", Advanced = true, Unit = "s")]
    [OptionRange(0)]
    public TimeSpan AuthRefreshBefore { get; init; } = TimeSpan.FromMinutes(2);

    [Option("Headers to send with every request: a map, or JSON text such as {\"Accept\":\"application/json\"}. A User-Agent is sent in "
        + "any case.", Secret = true, Example = "{ Accept: application/json }")]
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    [Option("Keep to a rate of requests, counted over everything that this process sends to the same host. Requests wait, none fails.")]
    public bool RateLimitEnabled { get; init; }

    [Option("With rate-limit-enabled: requests per second in the long run.")]
    [OptionRange(0.001, 1e6)]
    public double RateLimitRequestsPerSecond { get; init; } = 10;

    [Option("With rate-limit-enabled: requests that may be sent at once after a quiet time.")]
    [OptionRange(1, 1e6)]
    public int RateLimitBurst { get; init; } = 20;

    [Option("Longest wait for a connection.", Advanced = true, Unit = "s")]
    [OptionRange(0.001, 3600)]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    [Option("Longest wait for the headers of an answer.", Advanced = true, Unit = "s")]
    [OptionRange(0.001, 86_400)]
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(30);

    [Option("Longest silence while an answer is read.", Advanced = true, Unit = "s")]
    [OptionRange(0.001, 86_400)]
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    [Option("How often a request that failed for a passing reason is sent again before the attempt ends.")]
    [OptionRange(0, 1000)]
    public int MaxRetries { get; init; } = 5;

    [Option("Longest pause before the first repetition. It doubles with each further one; the pause is random up to there.", Advanced = true,
        Unit = "s")]
    [OptionRange(0.001, 3600)]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    [Option("Longest pause before a repetition, unless the server asks for more.", Advanced = true, Unit = "s")]
    [OptionRange(0.001, 86_400)]
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(60);

    [Option("Longest pause that a server may ask for, by Retry-After or rate-limit headers. If it asks for more, it is asked again after "
        + "this time.", Unit = "s")]
    [OptionRange(1, 31 * 86_400)]
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromMinutes(15);

    [Option("What status codes mean, where it differs from the table in the guide: a code or a class (404, 4xx) with retry, fail, skip "
        + "(source: the answer counts as empty; sink: as success), refuse (sink: the record is a dead letter) or re-authenticate.", Example = "{ \"404\": skip }")]
    public IReadOnlyDictionary<string, string> StatusOutcomes { get; init; } = new Dictionary<string, string>();

    [Option("Most redirects that are followed for one request. 0: none.", Advanced = true)]
    [OptionRange(0, 50)]
    public int MaxRedirects { get; init; } = 5;

    [Option("Other hosts that redirects and links in answers may lead to. They never get our credentials or headers.", Advanced = true,
        Example = "[files.example.com]")]
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <inheritdoc/>
    public virtual IEnumerable<OptionProblem> Validate()
    {
        var needed = AuthType switch
        {
            HttpAuthType.Basic => new[] { ("auth-username", AuthUsername), ("auth-password", AuthPassword) },
            HttpAuthType.Bearer or HttpAuthType.ApiKey => [("auth-token", AuthToken)],
            HttpAuthType.ClientCredentials =>
                [("auth-token-url", AuthTokenUrl), ("auth-client-id", AuthClientId), ("auth-client-secret", AuthClientSecret)],
            HttpAuthType.RefreshToken =>
                [("auth-token-url", AuthTokenUrl), ("auth-refresh-token", AuthRefreshToken.Length > 0 ? AuthRefreshToken : AuthRefreshTokenFile)],
            _ => [],
        };
        foreach (var (key, value) in needed.Where(pair => pair.Item2.Length == 0))
        {
            yield return new OptionProblem(key, $"auth-type is {NameOf(AuthType)}, which needs {key}; give it, best as ${{env:NAME}}.");
        }

        if (AuthTokenUrl.Length > 0 && HttpAddress.Problem(AuthTokenUrl) is { } problem)
        {
            yield return new OptionProblem("auth-token-url", problem);
        }

        if (AuthType == HttpAuthType.ApiKey && AuthKeyName.Length == 0)
        {
            yield return new OptionProblem("auth-key-name", "The name is empty; give the name of the header, query parameter or cookie.");
        }

        foreach (var header in Headers.Where(header => !HttpAddress.IsHeader(header.Key, header.Value)))
        {
            yield return new OptionProblem(
                "headers", $"'{header.Key}' is no header that can be sent: a name has letters, digits and '-', a value no line breaks.");
        }

        foreach (var (status, outcome) in StatusOutcomes)
        {
            if (HttpStatusTable.Problem(status, outcome) is { } wrong)
            {
                yield return new OptionProblem("status-outcomes", wrong);
            }
        }
    }

    internal static string NameOf(HttpAuthType type) => type switch
    {
        HttpAuthType.ApiKey => "api-key",
        HttpAuthType.ClientCredentials => "oauth2-client-credentials",
        HttpAuthType.RefreshToken => "oauth2-refresh-token",
        _ => type.ToString().ToLowerInvariant(),
    };
}
