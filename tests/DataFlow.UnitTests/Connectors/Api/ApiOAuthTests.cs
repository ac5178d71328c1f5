using System.Text;
using DataFlow.Conformance;

namespace DataFlow.UnitTests.Connectors;

public sealed class ApiOAuthTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private int _issued;
    private int _valid;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Client_credentials_get_a_token_and_renew_it_before_its_end()
    {
        await using var api = await StartAsync(expiresIn: 600);
        var context = ApiRun.Impatient(Until.Forever);
        await using var run = new ApiRun(context, new Uri(api.Address, "/users"), Options(api, ("auth-scope", "read all")));

        await run.Next();
        await PollAsync(run, TimeSpan.FromSeconds(470));
        Assert.Equal(1, _issued);

        await PollAsync(run, TimeSpan.FromSeconds(10));
        Assert.Equal(2, _issued);

        var token = api.Requests[0];
        Assert.Equal("grant_type=client_credentials&scope=read%20all", token.Body);
        Assert.Equal($"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("my%20id:my-secret"))}", token.Headers["Authorization"]);
        Assert.Equal("Bearer access-2", api.Requests[^1].Headers["Authorization"]);
        Assert.DoesNotContain(api.Requests, request => request.Path == "/users" && request.Headers["Authorization"].Contains("my-secret"));
    }

    [Fact]
    public async Task A_token_that_is_refused_is_renewed_once()
    {
        await using var api = await StartAsync(expiresIn: 3600);
        _valid = 2;

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/users"), Options(api, ("auth-client-in", "body")));
        _valid = -1;
        var error = await ApiRun.Failure(new Uri(api.Address, "/users"), Options(api));

        Assert.Equal(["1"], run.Ids);
        Assert.Equal(4, _issued);
        Assert.Contains("client_id=my%20id&client_secret=my-secret", api.Requests[0].Body);
        Assert.StartsWith("API request failed with status: 401.", error.Message);
        Assert.All(run.Context.Messages, message => Assert.DoesNotContain("access-", message));
    }

    [Fact]
    public async Task A_status_that_means_the_token_has_run_out_can_be_named()
    {
        var tokens = 0;
        await using var api = await TestApi.StartAsync((context, _) => context.Request.Path == "/token"
            ? context.JsonAsync($$"""{"access_token":"access-{{++tokens}}","expires_in":3600}""")
            : context.JsonAsync("""{"data":[{"id":1}]}""", context.Request.Headers.Authorization == "Bearer access-1" ? 498 : 200));

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/users"), Options(api, ("status-outcomes", """{"498":"re-authenticate"}""")));

        Assert.Equal(["1"], run.Ids);
        Assert.Equal(2, tokens);
    }

    [Fact]
    public async Task A_refresh_token_that_is_replaced_is_kept_for_the_next_run()
    {
        await using var api = await StartAsync(expiresIn: 3600);
        (string, string)[] options = Options(
            api, ("auth-type", "oauth2-refresh-token"), ("auth-refresh-token", "refresh-0"), ("auth-refresh-token-file", _folder["refresh.txt"]));

        await ApiRun.ToEnd(new Uri(api.Address, "/users"), options);
        await ApiRun.ToEnd(new Uri(api.Address, "/users"), options);

        Assert.Equal(
            ["grant_type=refresh_token&refresh_token=refresh-0", "grant_type=refresh_token&refresh_token=refresh-1"],
            api.Requests.Where(request => request.Path == "/token").Select(request => request.Body));
        Assert.Equal("refresh-2", File.ReadAllText(_folder["refresh.txt"]));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["refresh.txt"]));
        }
    }

    [Theory]
    [InlineData(400, """{"error":"invalid_client","error_description":"unknown"}""", "status 400 (invalid_client: unknown). Check auth-client-id", FaultOwner.User)]
    [InlineData(200, "<html>", "answered without an access_token", FaultOwner.User)]
    [InlineData(503, "", "status 503. It is asked again.", FaultOwner.External)]
    public async Task A_token_endpoint_that_gives_none_is_named(int status, string body, string message, FaultOwner owner)
    {
        await using var api = await TestApi.StartAsync((context, _) => context.JsonAsync(body, status));

        var error = await ApiRun.Failure(new Uri(api.Address, "/users"), Options(api, ("max-retries", "1")));

        Assert.Contains(message, error.Message);
        Assert.Equal(owner, error.Owner);
        Assert.DoesNotContain("my-secret", error.ToString());
    }

    private static (string, string)[] Options(TestApi api, params (string, string)[] more) =>
    [
        ("auth-type", "oauth2-client-credentials"), ("auth-token-url", new Uri(api.Address, "/token").AbsoluteUri), ("auth-client-id", "my id"),
        ("auth-client-secret", "my-secret"), .. more,
    ];

    private static async Task PollAsync(ApiRun run, TimeSpan later)
    {
        run.Context.Clock.Advance(later);
        Assert.True(await run.Next());
    }

    private Task<TestApi> StartAsync(int expiresIn) => TestApi.StartAsync((context, _) =>
    {
        if (context.Request.Path == "/token")
        {
            _issued++;
            return context.JsonAsync($$"""{"access_token":"access-{{_issued}}","expires_in":{{expiresIn}},"refresh_token":"refresh-{{_issued}}","token_type":"Bearer"}""");
        }

        var isValid = _valid == 0 || context.Request.Headers.Authorization == $"Bearer access-{_valid}";
        return context.JsonAsync(isValid ? """{"data":[{"id":1}]}""" : "{}", isValid ? 200 : 401);
    });
}
