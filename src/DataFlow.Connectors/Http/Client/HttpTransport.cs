using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>What a transport works with besides its options.</summary>
internal sealed record HttpSetup
{
    /// <summary>The server that the credentials are for.</summary>
    public required Uri Origin { get; init; }

    /// <summary>Relative paths in options start here.</summary>
    public required string BaseDirectory { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>For what people should see.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>Is told how it goes.</summary>
    public required IHttpWatcher Watcher { get; init; }

    /// <summary>Counts.</summary>
    public required HttpMetrics Metrics { get; init; }

    /// <summary>Codes that refuse what was sent.</summary>
    public IReadOnlyCollection<int> Refusals { get; init; } = [];

    /// <summary>Longest pause that a server asks for and that is waited for here; a longer one ends the attempt.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.MaxValue;
}

/// <summary>
/// Sends requests: with credentials for one server and for no other, at the rate that its host is shared at, following a few
/// redirects. One request is one attempt; see <see cref="HttpRepetition"/> for more. Thread-safe.
/// </summary>
internal sealed class HttpTransport : IDisposable
{
    private static readonly string UserAgent = $"DataFlow/{typeof(HttpTransport).Assembly.GetName().Version?.ToString(3)}";

    private readonly HttpOptions _options;
    private readonly HttpSetup _setup;
    private readonly HttpStatusTable _statuses;
    private readonly HttpAuthenticator _authenticator;
    private readonly HttpSecrets _secrets;
    private readonly HttpClient _client;
    private readonly HostBudget _budget;
    private readonly IDisposable? _rate;

    public HttpTransport(HttpOptions options, HttpSetup setup)
    {
        _options = options;
        _setup = setup;
        _statuses = new HttpStatusTable(options.StatusOutcomes, setup.Refusals);
        _secrets = new HttpSecrets(options);
        _client = HttpClients.Create(options.ConnectTimeout);
        _authenticator = HttpAuthenticator.Create(options, SendForTokenAsync, setup.BaseDirectory, setup.Time);
        _budget = HostBudget.Of(setup.Origin, setup.Time);
        _rate = options.RateLimitEnabled
            ? _budget.Keep(options.RateLimitRequestsPerSecond, options.RateLimitBurst)
            : null;
    }

    /// <summary>The clock.</summary>
    public TimeProvider Time => _setup.Time;

    /// <summary>Sends a request once: the answer's headers have come when it returns.</summary>
    /// <exception cref="HttpFault">There was no answer, or one that is a failure.</exception>
    public async Task<HttpAnswer> SendAsync(HttpCall call, CancellationToken ct)
    {
        var renewed = false;
        var redirects = new List<Uri>();
        while (true)
        {
            var answer = await SendOnceAsync(call, ct).ConfigureAwait(false);
            switch (answer.Outcome)
            {
                case HttpOutcome.Success or HttpOutcome.NotModified or HttpOutcome.Skip:
                    _setup.Watcher.Works();
                    return answer;
                case HttpOutcome.Redirect:
                    using (answer)
                    {
                        redirects.Add(call.Address);
                        call = Redirected(answer, redirects);
                        continue;
                    }

                case HttpOutcome.ReAuthenticate when _authenticator.CanRenew && !renewed && IsOurs(call):
                    _authenticator.Refused(answer.Message.RequestMessage!);
                    answer.Dispose();
                    renewed = true;
                    continue;
                default:
                    using (answer)
                    {
                        throw await FaultOfAsync(answer, ct).ConfigureAwait(false);
                    }
            }
        }
    }

    /// <summary>Shows a text without the secrets that this transport knows.</summary>
    public string Show(string text) => _secrets.Hide(text);

    /// <inheritdoc/>
    public void Dispose()
    {
        _rate?.Dispose();
        _client.Dispose();
    }

    private bool IsOurs(HttpCall call) => !call.IsAnonymous && HttpAddress.IsSameServer(call.Address, _setup.Origin);

    private async Task<HttpAnswer> SendOnceAsync(HttpCall call, CancellationToken ct)
    {
        var budget = BudgetOf(call.Address);
        if (EndsAttempt(budget))
        {
            throw new HttpFault($"{call.Address.Authority} wants no requests until {budget.NotBefore.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.")
            {
                NotBefore = budget.NotBefore,
                EndsAttempt = true,
            };
        }

        await budget.WaitAsync(moment => Waits(call.Address, moment), ct).ConfigureAwait(false);
        var message = call.ToMessage();
        HttpResponseMessage? response = null;
        try
        {
            await PrepareAsync(message, call, ct).ConfigureAwait(false);
            var started = Time.GetTimestamp();
            response = await AnswerToAsync(message, call, ct).ConfigureAwait(false);
            var took = Time.GetElapsedTime(started);
            _setup.Metrics.Answered((int)response.StatusCode, took);
            if (_setup.Logger.IsEnabled(LogLevel.Debug))
            {
                _setup.Logger.Answer((int)response.StatusCode, call.Shown, took.TotalSeconds, response.Content.Headers.ContentType?.MediaType ?? "no content type");
            }
        }
        catch
        {
            message.Dispose();
            response?.Dispose();
            throw;
        }

        var now = Time.GetUtcNow();
        var exhausted = RateLimitHeaders.Exhausted(response.Headers, now);
        var status = (int)response.StatusCode;
        var outcome = call.IsAnonymous ? HttpOutcome.Success
            : _statuses.Of(status, exhausted is not null || response.Headers.RetryAfter is not null);
        var asked = outcome == HttpOutcome.Retry ? RateLimitHeaders.RetryAfter(response.Headers, now) ?? exhausted : exhausted;
        if (asked is { } moment && moment > now)
        {
            budget.PauseUntil(moment < now + _options.MaxRetryAfter ? moment : now + _options.MaxRetryAfter);
        }

        return new HttpAnswer(call, response, outcome, Time, _options.BodyTimeout);
    }

    private async ValueTask PrepareAsync(HttpRequestMessage message, HttpCall call, CancellationToken ct)
    {
        message.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        message.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        if (IsOurs(call))
        {
            foreach (var (name, value) in _options.Headers)
            {
                HttpAddress.AddHeader(message, name, value);
            }

            await _authenticator.ApplyAsync(message, ct).ConfigureAwait(false);
        }

        if (_setup.Logger.IsEnabled(LogLevel.Debug))
        {
            var body = call is { Body: { } bytes, IsAnonymous: false } ? $" {HttpAnswer.TextOf(bytes.Span)}" : "";
            _setup.Logger.Request(
                message.Method.Method, _secrets.Hide(HttpAddress.Show(message.RequestUri!)), HttpSecrets.HeadersOf(message), _secrets.Hide(body));
        }
    }

    private async Task<HttpResponseMessage> AnswerToAsync(HttpRequestMessage message, HttpCall call, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(_options.HeadersTimeout, Time);
        using var stopping = ct.UnsafeRegister(static late => ((CancellationTokenSource)late!).Cancel(), late);
        try
        {
            return await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, late.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or IOException)
        {
            ct.ThrowIfCancellationRequested();
            _setup.Metrics.Failed();
            var fault = FaultOf(error, call, late.IsCancellationRequested);
            _setup.Watcher.ConnectionFailed(fault);
            throw fault;
        }
    }

    private HttpFault FaultOf(Exception error, HttpCall call, bool isLate)
    {
        var address = call.Shown;
        if (isLate)
        {
            return new HttpFault($"{address} did not answer within {_options.HeadersTimeout.TotalSeconds:0.###} s (headers-timeout).", error);
        }

        if (error is OperationCanceledException { InnerException: TimeoutException })
        {
            return new HttpFault(
                $"{address} took no connection within {_options.ConnectTimeout.TotalSeconds:0.###} s (connect-timeout). Check host, port and network.", error);
        }

        if (error is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException tls })
        {
            return new HttpFault(
                $"No secure connection to {call.Address.Authority}: {tls.InnerException?.Message ?? tls.Message} Certificates are always verified: "
                + "correct the name in the connection, or have the server's certificate authority trusted by this machine.", error)
            {
                MayPass = false,
            };
        }

        return new HttpFault($"{address} can't be reached: {error.InnerException?.Message ?? error.Message} Check host, port and network.", error);
    }

    private HostBudget BudgetOf(Uri address) => HttpAddress.IsSameServer(address, _setup.Origin) ? _budget : HostBudget.Of(address, Time);

    private bool EndsAttempt(HostBudget budget) => budget.NotBefore - Time.GetUtcNow() > _setup.LongestWait;

    private void Waits(Uri address, DateTimeOffset moment)
    {
        var reason = $"rate limited until {moment.UtcDateTime:HH:mm:ss} UTC by {address.Authority}";
        _setup.Logger.Waits(reason);
        _setup.Watcher.Waits(reason);
    }

    private HttpCall Redirected(HttpAnswer answer, List<Uri> redirects)
    {
        var from = answer.Call.Address;
        if (answer.Message.Headers.Location is not { } location)
        {
            throw new HttpFault($"{HttpAddress.Show(from)} redirects to nowhere (status {answer.Status} without Location).") { MayPass = false };
        }

        if (redirects.Count > _options.MaxRedirects)
        {
            throw new HttpFault(
                $"{HttpAddress.Show(redirects[0])} was redirected more than {_options.MaxRedirects} times (max-redirects): "
                + $"{string.Join(" -> ", redirects.TakeLast(4).Select(HttpAddress.Show))}. Give the address that it should lead to.")
            {
                MayPass = false,
            };
        }

        var to = new Uri(from, location);
        ThrowIfForeign(from, to, "A redirect");
        var isPlain = answer.Status == 303 || (answer.Status is 301 or 302 && answer.Call.Method == HttpMethod.Post);
        return isPlain ? answer.Call with { Address = to, Method = HttpMethod.Get, Body = null } : answer.Call with { Address = to };
    }

    /// <summary>Links and redirects stay on the server that was named, unless its host is allowed.</summary>
    /// <exception cref="HttpFault">They don't.</exception>
    public void ThrowIfForeign(Uri from, Uri to, string what)
    {
        if (to.Scheme is not ("http" or "https") || (from.Scheme == "https" && to.Scheme == "http"))
        {
            throw new HttpFault($"{what} leads from {HttpAddress.Show(from)} to {HttpAddress.Show(to)}, which is not encrypted. It is not followed.")
            {
                MayPass = false,
            };
        }

        var isAllowed = HttpAddress.IsSameServer(to, _setup.Origin)
            || to.Host.Equals(_setup.Origin.Host, StringComparison.OrdinalIgnoreCase)
            || _options.AllowedHosts.Contains(to.Host, StringComparer.OrdinalIgnoreCase)
            || _options.AllowedHosts.Contains(to.Authority, StringComparer.OrdinalIgnoreCase);
        if (!isAllowed)
        {
            throw new HttpFault(
                $"{what} leads from {HttpAddress.Show(from)} to another host: {HttpAddress.Show(to)}. Allow it with allowed-hosts: [{to.Host}]; "
                + "it will not get the credentials.")
            {
                MayPass = false,
            };
        }
    }

    private async Task<HttpFault> FaultOfAsync(HttpAnswer answer, CancellationToken ct)
    {
        var head = _secrets.Hide(await answer.HeadOfBodyAsync(ct).ConfigureAwait(false));
        var said = head.Length > 0 ? $" It said: {head}" : "";
        var asked = RateLimitHeaders.RetryAfter(answer.Message.Headers, Time.GetUtcNow());
        var pause = asked is { } until && answer.Outcome == HttpOutcome.Retry
            ? $" The server asks for a pause until {until.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC."
            : "";
        var message = $"API request failed with status: {answer.Status}. {answer.Call.Method} {answer.Call.Shown}. "
            + $"{HttpAdvice.For(answer.Status, answer.Outcome)}{pause}{said}";
        var budget = BudgetOf(answer.Call.Address);
        return new HttpFault(message)
        {
            MayPass = answer.Outcome == HttpOutcome.Retry,
            Status = answer.Status,
            IsRefusal = answer.Outcome == HttpOutcome.Refuse,
            NotBefore = budget.NotBefore is var moment && moment > Time.GetUtcNow() ? moment : null,
            EndsAttempt = EndsAttempt(budget),
        };
    }

    private async Task<(int Status, byte[] Body)> SendForTokenAsync(HttpCall call, CancellationToken ct)
    {
        using var answer = await SendOnceAsync(call, ct).ConfigureAwait(false);
        using var body = await answer.OpenBodyAsync(1 << 20, ct).ConfigureAwait(false);
        using var copy = new MemoryStream();
        await body.CopyToAsync(copy, ct).ConfigureAwait(false);
        var bytes = copy.ToArray();
        _secrets.Learn(bytes);
        return (answer.Status, bytes);
    }
}
