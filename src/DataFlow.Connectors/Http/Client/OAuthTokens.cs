using System.Text;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>Sends a request to a token endpoint and gives its answer's status and body.</summary>
internal delegate Task<(int Status, byte[] Body)> OAuthSend(HttpCall call, CancellationToken ct);

/// <summary>
/// Gets access tokens by client credentials or a refresh token (RFC 6749) and keeps them until shortly before their end.
/// Thread-safe: one request at a time goes to the token endpoint.
/// </summary>
internal sealed class OAuthTokens
{
    private readonly HttpOptions _options;
    private readonly OAuthSend _send;
    private readonly TimeProvider _time;
    private readonly string? _file;
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private string _refreshToken;
    private string? _token;
    private DateTimeOffset _renewAt;

    public OAuthTokens(HttpOptions options, OAuthSend send, string folder, TimeProvider time)
    {
        _options = options;
        _send = send;
        _time = time;
        _refreshToken = options.AuthRefreshToken;
        _file = options.AuthRefreshTokenFile.Length > 0 ? Path.Combine(folder, options.AuthRefreshTokenFile) : null;
    }

    /// <summary>A token that is valid for a while.</summary>
    public async ValueTask<string> GetAsync(CancellationToken ct)
    {
        await _renewing.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            if (_token is null || _time.GetUtcNow() >= _renewAt)
            {
                await RenewAsync(ct).ConfigureAwait(false);
            }

            return _token!;
        }
        finally
        {
            _renewing.Release();
        }
    }

    /// <summary>The server did not take a token: it is not used again.</summary>
    public void Refused(string? token)
    {
        if (token == _token)
        {
            _token = null;
        }
    }

    private async Task RenewAsync(CancellationToken ct)
    {
        var isRefresh = _options.AuthType == HttpAuthType.RefreshToken;
        if (isRefresh && _file is not null && System.IO.File.Exists(_file))
        {
            _refreshToken = (await System.IO.File.ReadAllTextAsync(_file, ct).ConfigureAwait(false)).Trim();
        }

        var (status, body) = await _send(Call(isRefresh), ct).ConfigureAwait(false);
        var address = HttpAddress.Show(_options.AuthTokenUrl);
        if (status is < 200 or >= 300)
        {
            var mayPass = status is 408 or 429 or >= 500;
            throw new HttpFault($"No access token from {address}: status {status}{ErrorOf(body)}. "
                + (mayPass ? "It is asked again." : "Check auth-client-id, auth-client-secret, auth-scope and auth-refresh-token."))
            {
                MayPass = mayPass,
                Status = status,
            };
        }

        if (TextOf(body, "access_token") is not { Length: > 0 } token)
        {
            throw new HttpFault($"{address} answered without an access_token. Check that auth-token-url is the token endpoint.") { MayPass = false };
        }

        // A token that lives shorter than the margin is renewed after nine tenths of its life.
        var life = double.TryParse(TextOf(body, "expires_in"), System.Globalization.CultureInfo.InvariantCulture, out var seconds) && seconds > 0
            ? TimeSpan.FromSeconds(Math.Min(seconds, 1e8))
            : TimeSpan.FromHours(1);
        _renewAt = _time.GetUtcNow() + (life > _options.AuthRefreshBefore * 2 ? life - _options.AuthRefreshBefore : life * 0.9);
        if (isRefresh && TextOf(body, "refresh_token") is { Length: > 0 } next && next != _refreshToken)
        {
            await KeepAsync(next, ct).ConfigureAwait(false);
        }

        _token = token;
    }

    /// <summary>The server gave another refresh token, and the old one may be void already: it must be safe before anything else.</summary>
    private async Task KeepAsync(string refreshToken, CancellationToken ct)
    {
        _refreshToken = refreshToken;
        if (_file is null)
        {
            return;
        }

        var partial = _file + ".partial";
        try
        {
            var created = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                created.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            var stream = new FileStream(partial, created);
            await using (stream.ConfigureAwait(false))
            {
                await stream.WriteAsync(Encoding.UTF8.GetBytes(refreshToken), ct).ConfigureAwait(false);
                stream.Flush(flushToDisk: true);
            }

            System.IO.File.Move(partial, _file, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new HttpFault($"The new refresh token can't be kept in {_file}: {fault.Message} Check the folder of auth-refresh-token-file.", fault)
            {
                MayPass = false,
            };
        }
    }

    private HttpCall Call(bool isRefresh)
    {
        var fields = new List<KeyValuePair<string, string>> { new("grant_type", isRefresh ? "refresh_token" : "client_credentials") };
        if (isRefresh)
        {
            fields.Add(new("refresh_token", _refreshToken));
        }

        if (_options.AuthScope.Length > 0)
        {
            fields.Add(new("scope", _options.AuthScope));
        }

        var headers = new List<(string, string)> { ("Accept", "application/json") };
        if (_options.AuthClientId.Length > 0 && _options.AuthClientIn == ClientSecretPlace.Basic)
        {
            headers.Add(("Authorization", HttpAddress.Basic(
                Uri.EscapeDataString(_options.AuthClientId), Uri.EscapeDataString(_options.AuthClientSecret)).ToString()));
        }
        else if (_options.AuthClientId.Length > 0)
        {
            fields.Add(new("client_id", _options.AuthClientId));
            fields.Add(new("client_secret", _options.AuthClientSecret));
        }

        var body = string.Join('&', fields.Select(field => $"{Uri.EscapeDataString(field.Key)}={Uri.EscapeDataString(field.Value)}"));
        return new HttpCall(HttpMethod.Post, new Uri(_options.AuthTokenUrl))
        {
            Body = Encoding.UTF8.GetBytes(body),
            ContentType = "application/x-www-form-urlencoded",
            Headers = headers,
            IsAnonymous = true,
        };
    }

    private static string ErrorOf(byte[] body) => (TextOf(body, "error"), TextOf(body, "error_description")) switch
    {
        (null, _) => "",
        (var error, null) => $" ({error})",
        var (error, description) => $" ({error}: {description})",
    };

    private static string? TextOf(byte[] body, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value)
                ? value.ToString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
