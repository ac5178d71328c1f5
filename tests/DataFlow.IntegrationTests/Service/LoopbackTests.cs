using System.Net;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A service that only its own machine reaches asks for no login; any other does.</summary>
public sealed class LoopbackTests
{
    private const string Quiet = "{ name: quiet, source: { type: test, options: { total-records: 1 } }, sink: { type: 'null' } }";

    [Fact]
    public async Task On_the_loopback_interface_anybody_may_do_everything_and_the_history_says_so()
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(folder);

        using var added = await service.SendAsync(HttpMethod.Post, "/pipelines", content: RunningService.Yaml(Quiet));

        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        var history = await service.GetAsync("/pipelines/quiet/history");
        Assert.Contains("anonymous (loopback)", history.ToJsonString());
    }

    [Fact]
    public async Task A_service_that_others_reach_and_nobody_could_log_in_to_does_not_start()
    {
        using var folder = new TemporaryFolder();

        var refusal = await Assert.ThrowsAsync<ConfigurationException>(() => RunningService.StartAsync(folder, listen: "http://0.0.0.0:0"));

        var problem = Assert.Single(refusal.Problems);
        Assert.Equal("listen", problem.Key);
        Assert.Contains("'http://0.0.0.0:0/' can be reached by others, and nothing keeps them out", problem.Message);
        Assert.Contains("dataflow keys create NAME", problem.Message);
    }

    [Fact]
    public async Task A_login_can_be_required_on_the_loopback_interface_too()
    {
        using var folder = new TemporaryFolder();
        var security = new SecurityOptions { RequireLogin = true };
        await Assert.ThrowsAsync<ConfigurationException>(() => RunningService.StartAsync(folder, security));
        await RunningService.KeyAsync(folder, "ann", mayWrite: true);
        await using var service = await RunningService.StartAsync(folder, security);

        await Problem.AssertAsync(HttpStatusCode.Unauthorized, await service.SendAsync(HttpMethod.Get, "/pipelines"));
    }

    [Fact]
    public async Task A_page_whose_name_leads_to_this_machine_gets_nothing()
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(folder);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/pipelines");
        request.Headers.Host = "evil.example:5080";

        var detail = await Problem.AssertAsync(HttpStatusCode.MisdirectedRequest, await service.Client.SendAsync(request));

        Assert.StartsWith("The request is for 'evil.example:5080', and without login this service answers only to localhost", detail);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task The_names_of_this_machine_are_answered(string host)
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(folder);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/pipelines");
        request.Headers.Host = $"{host}:{service.Address.Port}";

        using var answer = await service.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    public async Task A_page_of_another_site_can_not_send_commands(string header, string value)
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(folder);
        await service.AddAsync(Quiet);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/pipelines/quiet/stop");
        request.Headers.Add(header, value);

        await Problem.AssertAsync(HttpStatusCode.Forbidden, await service.Client.SendAsync(request));

        var events = await service.Services.GetRequiredService<IServiceStore>().State.HistoryAsync("quiet", 100, default);
        Assert.DoesNotContain(events, happened => happened.Event == Engine.State.HistoryEvent.Stopped);
    }

    [Fact]
    public async Task The_page_of_the_service_itself_can()
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(folder);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/pipelines") { Content = RunningService.Yaml(Quiet) };
        request.Headers.Add("Origin", $"http://127.0.0.1:{service.Address.Port}");

        using var answer = await service.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_a_problem()
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(folder);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/pipelines") { Content = RunningService.Yaml(new string('#', 5_000_001)) };

        // The body is sent once the service asks for it, which it doesn't: else the answer races with the end of the connection.
        request.Headers.ExpectContinue = true;

        var detail = await Problem.AssertAsync(HttpStatusCode.RequestEntityTooLarge, await service.Client.SendAsync(request));

        Assert.StartsWith("The body is larger than this service reads.", detail);
    }
}
