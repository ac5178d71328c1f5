using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DataFlow.Conformance;
using DataFlow.Engine.Configuration;
using Microsoft.AspNetCore.Http;
using static DataFlow.Conformance.TestApiAnswers;

namespace DataFlow.UnitTests.Connectors;

public sealed class ApiFaultTests
{
    private const string OneUser = """{"data":[{"id":1}]}""";

    [Theory]
    [Trait("claim", "API-25")]
    [Trait("claim", "OPS-09")]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_passing_status_is_tried_again_with_growing_pauses(int status)
    {
        await using var api = await TestApi.StartAsync((context, number) => context.JsonAsync(number <= 3 ? "{}" : OneUser, number <= 3 ? status : 200));

        var run = await ApiRun.ToEnd(api.Address);

        Assert.Equal(["1"], run.Ids);
        Assert.Equal(4, api.Requests.Count);
        Assert.Equal(3, run.Context.Messages.Count(message => message.StartsWith($"Warning: API request failed with status: {status}.")));
    }

    [Fact]
    [Trait("claim", "API-25")]
    public async Task Pauses_are_random_up_to_a_bound_that_doubles_and_stays_below_its_own_bound()
    {
        var context = ApiRun.Impatient();
        var moments = new List<DateTimeOffset>();
        await using var api = await TestApi.StartAsync((http, number) =>
        {
            moments.Add(context.Clock.GetUtcNow());
            return http.JsonAsync(OneUser, number <= 200 ? 503 : 200);
        });

        await ApiRun.ToEnd(context, api.Address, ("max-retries", "200"), ("retry-delay", "1s"), ("max-retry-delay", "8s"));

        var pauses = moments.Zip(moments.Skip(1), (one, next) => (next - one).TotalSeconds).ToList();
        Assert.All(pauses.Index(), pause => Assert.InRange(pause.Item, 0, Math.Min(8, Math.Pow(2, pause.Index)) + 0.001));
        Assert.InRange(pauses.Skip(3).Average(), 2.5, 5.5);
        Assert.Contains(pauses, pause => pause > 6);
        Assert.Contains(pauses.Skip(3), pause => pause < 2);
    }

    [Theory]
    [InlineData(400, "does not understand")]
    [InlineData(401, "credentials were refused")]
    [InlineData(403, "what the token is allowed to do")]
    [InlineData(404, "nothing at this address")]
    [InlineData(405, "does not take this method")]
    [InlineData(410, "gone for good")]
    [InlineData(418, "status-outcomes")]
    public async Task A_lasting_status_ends_the_run_with_what_the_server_said_and_what_to_do(int status, string advice)
    {
        await using var api = await TestApi.StartAsync((context, _) => context.JsonAsync("""{"message":"no"}""", status));

        var error = await ApiRun.Failure(new Uri(api.Address, "/users?api_key=s3cret"));

        Assert.StartsWith($"API request failed with status: {status}. GET {new Uri(api.Address, "/users?api_key=***")}", error.Message);
        Assert.Contains(advice, error.Message);
        Assert.EndsWith("""It said: {"message":"no"}""", error.Message);
        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
        Assert.Single(api.Requests);
    }

    [Fact]
    [Trait("claim", "API-31")]
    [Trait("claim", "OPS-08")]
    public async Task Too_many_requests_says_what_to_change_when_repetition_does_not_help()
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            context.Response.Headers.RetryAfter = "30";
            return context.JsonAsync("{}", 429);
        });
        var context = ApiRun.Impatient();

        var error = await ApiRun.Failure(context, api.Address, ("max-retries", "2"));

        Assert.StartsWith("API request failed with status: 429.", error.Message);
        Assert.Contains("Rate limit exceeded: raise poll-interval-ms, or set rate-limit-enabled and rate-limit-requests-per-second", error.Message);
        Assert.Equal((FaultOwner.External, RetryKind.After), (error.Owner, error.Retry.Kind));
        Assert.Equal(context.Clock.GetUtcNow().AddSeconds(30), error.Retry.NotBefore, TimeSpan.FromSeconds(1));
        Assert.Equal(3, api.Requests.Count);
    }

    [Theory]
    [Trait("claim", "API-31")]
    [InlineData("300", 300, 429)]
    [InlineData("Mon, 01 Jan 2024 10:05:00 GMT", 300, 503)]
    [InlineData("Mon, 01 Jan 2024 09:00:00 GMT", 0, 429)]
    [InlineData("-5", null, 429)]
    [InlineData("604800", 900, 429)]
    [InlineData("Mon, 08 Jan 2024 10:00:00 GMT", 900, 503)]
    public async Task Retry_After_is_obeyed_in_both_forms_up_to_a_bound_and_waiting_is_shown(string retryAfter, int? waits, int status)
    {
        await using var api = await TestApi.StartAsync((context, number) =>
        {
            context.Response.Headers.RetryAfter = retryAfter;
            return context.JsonAsync(number == 1 ? "{}" : OneUser, number == 1 ? status : 200);
        });
        var context = ApiRun.Impatient();
        var start = context.Clock.GetUtcNow();

        var run = await ApiRun.ToEnd(context, api.Address, ("max-retry-after", "15m"), ("retry-delay", "1ms"));

        Assert.Equal(["1"], run.Ids);
        Assert.Equal(2, api.Requests.Count);
        Assert.Equal(waits ?? 0, (context.Clock.GetUtcNow() - start).TotalSeconds, 1.0);
        Assert.Equal(
            waits > 0 ? [$"Waiting: rate limited until {start.AddSeconds(waits.Value):HH:mm:ss} UTC by {api.Address.Authority}"] : [],
            context.Messages.Where(message => message.StartsWith("Waiting")));
        Assert.Equal("Healthy: page 1", context.Messages.Last(message => message.StartsWith("Healthy")));
        Assert.Equal(waits > 0 ? 0 : 1, context.Messages.Count(message => message.StartsWith("Warning")));
    }

    [Theory]
    [InlineData("X-RateLimit-Remaining", "X-RateLimit-Reset", "1704103500", 403)]
    [InlineData("RateLimit-Remaining", "RateLimit-Reset", "300", 200)]
    [InlineData("X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "1704103500000", 200)]
    public async Task Rate_limit_headers_are_respected_before_the_server_has_to_refuse(string remaining, string reset, string value, int status)
    {
        await using var api = await TestApi.StartAsync((context, number) =>
        {
            context.Response.Headers[remaining] = number == 1 ? "0" : "50";
            context.Response.Headers[reset] = value;
            return context.JsonAsync($$"""{"data":{{Users(number, number == 1 ? 2 : 1)}}}""", number == 1 ? status : 200);
        });
        var context = ApiRun.Impatient();
        var start = context.Clock.GetUtcNow();

        await ApiRun.ToEnd(context, api.Address, ("pagination-type", "page"), ("pagination-size", "2"));

        Assert.Equal(2, api.Requests.Count);
        Assert.Equal(300, (context.Clock.GetUtcNow() - start).TotalSeconds, 1.0);
    }

    [Fact]
    public async Task Outcomes_can_be_changed_by_code_and_by_class()
    {
        await using var api = await TestApi.StartAsync((context, number) => context.JsonAsync(number == 1 ? "{}" : OneUser, number == 1 ? 418 : 200));
        await using var gone = await TestApi.StartAsync((context, _) => context.JsonAsync("{}", 404));

        Assert.Equal(["1"], (await ApiRun.ToEnd(api.Address, ("status-outcomes", """{"418":"retry"}"""))).Ids);
        Assert.Empty((await ApiRun.ToEnd(gone.Address, ("status-outcomes", """{"4xx":"skip"}"""))).Ids);
        var error = Assert.Throws<ConfigurationException>(() => new ApiRun(new FileSourceContext(), gone.Address, ("status-outcomes", """{"44":"skip"}""")));
        Assert.Contains("'44' is no status code; write one such as 404, or a class such as 5xx.", error.Message);
    }

    [Fact]
    [Trait("claim", "API-25")]
    [Trait("claim", "API-30")]
    public async Task A_connection_that_is_dropped_is_counted_and_tried_again_and_no_record_is_doubled()
    {
        await using var api = await TestApi.StartAsync(async (context, number) =>
        {
            switch (number)
            {
                case 1:
                    context.Abort();
                    break;
                case 2:
                    await context.Response.WriteAsync("""{"data":[{"id":1},""");
                    await context.Response.Body.FlushAsync();
                    context.Abort();
                    break;
                default:
                    await context.JsonAsync("""{"data":[{"id":1},{"id":2}]}""");
                    break;
            }
        });

        var run = await ApiRun.ToEnd(api.Address);

        Assert.Equal(["1", "2"], run.Ids);
        Assert.Equal(3, api.Requests.Count);
        Assert.Contains(run.Context.Messages, message => message.Contains("can't be reached"));
        Assert.Equal(2, run.Context.Messages.Count(message => message.StartsWith("Warning: http") && message.Contains("Sent again (repetition ")));
    }

    [Fact]
    public async Task An_unreachable_host_is_an_external_fault_that_names_it()
    {
        var error = await ApiRun.Failure(new Uri("http://127.0.0.1:1/users"), ("max-retries", "1"));

        Assert.StartsWith("http://127.0.0.1:1/users can't be reached: ", error.Message);
        Assert.Equal((FaultOwner.External, RetryKind.WithBackoff), (error.Owner, error.Retry.Kind));
    }

    [Theory]
    [InlineData(true, "did not answer within 30 s (headers-timeout)")]
    [InlineData(false, "nothing came for 60 s (body-timeout)")]
    public async Task Slow_headers_and_a_silent_body_end_in_time(bool beforeHeaders, string message)
    {
        using var released = new CancellationTokenSource();
        await using var api = await TestApi.StartAsync(async (context, _) =>
        {
            if (!beforeHeaders)
            {
                await context.Response.WriteAsync("{\"data\":[");
                await context.Response.Body.FlushAsync();
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, released.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            context.Abort();
        });

        // The clock jumps over the time-outs here: nobody else waits.
        var error = await ApiRun.Failure(api.Address, ("headers-timeout", beforeHeaders ? "30" : "10h"), ("body-timeout", beforeHeaders ? "10h" : "60"), ("max-retries", "0"));
        await released.CancelAsync();

        Assert.Contains(message, error.Message);
        Assert.Equal(RetryKind.WithBackoff, error.Retry.Kind);
    }

    [Fact]
    public async Task A_host_that_takes_no_connection_is_given_up_after_the_connect_timeout()
    {
        // A full queue of connections that nobody accepts: whoever comes next gets no answer at all.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(backlog: 0);
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(listener.LocalEndPoint!);

        var error = await ApiRun.Failure(
            new Uri($"http://{listener.LocalEndPoint}/users"), ("connect-timeout", "300ms"), ("max-retries", "0"));

        Assert.Equal($"http://{listener.LocalEndPoint}/users took no connection within 0.3 s (connect-timeout). Check host, port and network.", error.Message);
        Assert.Equal((FaultOwner.External, RetryKind.WithBackoff), (error.Owner, error.Retry.Kind));
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_refused_for_good()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var self = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var certificate = X509CertificateLoader.LoadPkcs12(self.Export(X509ContentType.Pkcs12), null);
        await using var api = await TestApi.StartAsync((context, _) => context.JsonAsync(OneUser), certificate);

        var error = await ApiRun.Failure(api.Address, ("auth-type", "bearer"), ("auth-token", "s3cret"));

        Assert.StartsWith($"No secure connection to {api.Address.Authority}: ", error.Message);
        Assert.Contains("Certificates are always verified", error.Message);
        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
        Assert.Empty(api.Requests);
    }

    [Fact]
    public async Task Redirects_are_followed_on_the_same_host_and_a_circle_of_them_ends()
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            if (context.Request.Path == "/new")
            {
                return context.JsonAsync(OneUser);
            }

            context.Response.Redirect(context.Request.Path == "/old" ? "/new" : $"/loop?n={context.Number("n") + 1}", permanent: true);
            return Task.CompletedTask;
        });

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/old"), ("auth-type", "bearer"), ("auth-token", "s3cret"));
        var error = await ApiRun.Failure(new Uri(api.Address, "/loop"), ("max-redirects", "3"));

        Assert.Equal(["1"], run.Ids);
        Assert.All(api.Requests.Take(2), request => Assert.Equal("Bearer s3cret", request.Headers["Authorization"]));
        Assert.Contains("was redirected more than 3 times (max-redirects)", error.Message);
        Assert.Contains("/loop?n=2", error.Message);
        Assert.Equal(FaultOwner.User, error.Owner);
    }

    [Theory]
    [InlineData("redirect")]
    [InlineData("link")]
    public async Task Another_host_is_followed_only_if_allowed_and_never_gets_credentials_or_headers(string way)
    {
        await using var other = await TestApi.OfJsonAsync("""{"data":[{"id":2}]}""");
        var target = new UriBuilder(new Uri(other.Address, "/elsewhere")) { Host = "localhost" }.Uri;
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            if (way == "redirect")
            {
                context.Response.Redirect(target.AbsoluteUri);
                return Task.CompletedTask;
            }

            context.Response.Headers.Link = $"<{target}>; rel=next";
            return context.JsonAsync(OneUser);
        });
        (string, string)[] options =
            [("auth-type", "api-key"), ("auth-token", "s3cret"), ("headers", """{"X-Custom":"s3cret2"}"""), ("pagination-type", "link-header")];

        var error = await ApiRun.Failure(api.Address, options);
        Assert.Contains($"leads from {api.Address} to another host: {target}. Allow it with allowed-hosts: [localhost]", error.Message);
        Assert.Empty(other.Requests);

        await ApiRun.ToEnd(api.Address, [.. options, ("allowed-hosts", "localhost")]);
        var request = Assert.Single(other.Requests);
        Assert.DoesNotContain("X-API-Key", request.Headers.Keys);
        Assert.DoesNotContain("X-Custom", request.Headers.Keys);
    }

    [Fact]
    public async Task A_cursor_that_leads_in_a_circle_is_found_with_the_evidence()
    {
        await using var api = await TestApi.OfJsonAsync(
            """{"data":[{"id":1}],"next_cursor":"a"}""", """{"data":[{"id":2}],"next_cursor":"b"}""", """{"data":[{"id":3}],"next_cursor":"a"}""");

        var error = await ApiRun.Failure(api.Address, ("pagination-type", "cursor"));

        Assert.StartsWith("Pagination goes in a circle: page 3 leads to a, which was page 2 of this poll.", error.Message);
        Assert.Equal(FaultOwner.User, error.Owner);
    }

    [Fact]
    public async Task A_server_that_ignores_the_page_is_found_before_anything_is_doubled()
    {
        await using var api = await TestApi.OfJsonAsync($$"""{"data":{{Users(1, 10)}}}""");
        var context = ApiRun.Impatient();
        await using var run = new ApiRun(context, api.Address, ("pagination-type", "page"), ("pagination-size", "10"));

        Assert.True(await run.Next());
        var error = await Assert.ThrowsAsync<ConnectorException>(run.Next);

        Assert.Contains("has the same 10 records as the page before it", error.Message);
        Assert.Equal(10, run.Records.Count);
    }

    [Fact]
    public async Task A_cursor_that_never_ends_is_bounded()
    {
        await using var api = await TestApi.OfJsonAsync((_, number) => $$"""{"data":[{"id":{{number}}}],"cursor":"c{{number}}"}""");

        var error = await ApiRun.Failure(api.Address, ("pagination-type", "cursor"), ("max-pages", "20"));

        Assert.Equal(20, api.Requests.Count);
        Assert.Contains("The poll has read 20 pages and still there is a next one (c20).", error.Message);
    }

    [Theory]
    [InlineData("has-more-path", "more", """{"data":[{"id":1}],"more":true,"cursor":"a"}""", """{"data":[{"id":2}],"more":false,"cursor":"b"}""")]
    [InlineData("total-path", "meta.total", """{"data":[{"id":1}],"meta":{"total":2},"cursor":"a"}""", """{"data":[{"id":2}],"meta":{"total":2},"cursor":"b"}""")]
    [InlineData("stop-path", "state", """{"data":[{"id":1}],"state":"more","cursor":"a"}""", """{"data":[{"id":2}],"state":"done","cursor":"b"}""")]
    [InlineData("last-page", "2", """{"data":[{"id":1}],"cursor":"a"}""", """{"data":[{"id":2}],"cursor":"b"}""")]
    public async Task A_poll_ends_where_a_condition_says_so(string option, string value, string first, string second)
    {
        await using var api = await TestApi.OfJsonAsync(first, second);

        var run = await ApiRun.ToEnd(api.Address, [("pagination-type", "cursor"), (option, value), .. option == "stop-path" ? new[] { ("stop-value", "done") } : []]);

        Assert.Equal(["1", "2"], run.Ids);
        Assert.Equal(2, api.Requests.Count);
    }

    [Fact]
    public async Task With_a_total_a_short_page_is_not_taken_for_the_last_one()
    {
        await using var api = await TestApi.OfJsonAsync((context, _) => $$"""{"total":100,"data":{{Users(context.Number("offset"), Math.Min(40, 100 - context.Number("offset")))}}}""");

        var run = await ApiRun.ToEnd(api.Address, ("pagination-type", "offset"), ("pagination-size", "40"), ("total-path", "total"));

        Assert.Equal(100, run.Records.Count);
    }

    [Theory]
    [InlineData("pagination-type", "cursor", "response-path", ".", "there is no place for a cursor")]
    [InlineData("pagination-type", "next-url", "method", "GET", "say where the address is")]
    [InlineData("pagination-in", "body", "method", "GET", "A GET has no body")]
    [InlineData("incremental-param", "since", "method", "GET", "give incremental-path")]
    [InlineData("sub-path", "/x", "method", "GET", "has no value of the record in it")]
    [InlineData("pagination-tpye", "page", "method", "GET", "Did you mean 'pagination-type'?")]
    [InlineData("max-retries", "-1", "method", "GET", "too small")]
    [InlineData("source-impl", "graphql", "method", "GET", "is not allowed")]
    [Trait("claim", "API-13")]
    public void Options_that_do_not_fit_are_named(string key, string value, string otherKey, string otherValue, string message)
    {
        var error = Assert.Throws<ConfigurationException>(
            () => new ApiRun(new FileSourceContext(), new Uri("http://localhost/"), (key, value), (otherKey, otherValue)));
        Assert.Contains(message, error.Message);
    }

    [Theory]
    [InlineData("api.example.com/users")]
    [InlineData("ftp://api.example.com/users")]
    [InlineData("/users")]
    public void A_connection_that_is_no_web_address_is_named(string connection)
    {
        var error = Assert.Throws<ConnectorException>(() => new ApiRun(new FileSourceContext(), new Uri(connection, UriKind.RelativeOrAbsolute)));
        Assert.Contains("write it with its scheme, such as https://api.example.com/users", error.Message);
    }
}
