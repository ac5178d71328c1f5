using System.Net;
using System.Security.Cryptography;
using System.Text;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace DataFlow.IntegrationTests.Service;

/// <summary>Tokens of an OpenID Connect issuer open the API.</summary>
public sealed class TokenTests : IAsyncLifetime
{
    private const string Quiet = "{ name: quiet, source: { type: test, options: { total-records: 1 } }, sink: { type: 'null' } }";

    private readonly TemporaryFolder _folder = new();
    private TestIssuer _issuer = null!;
    private RunningService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _issuer = await TestIssuer.StartAsync();
        _service = await RunningService.StartAsync(
            _folder,
            new SecurityOptions { Oidc = new OidcOptions { Authority = _issuer.Address, Audience = "dataflow", RoleClaim = "groups" } },
            listen: "http://0.0.0.0:0");
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _issuer.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_token_with_the_scope_to_write_changes_things_and_the_history_names_its_subject()
    {
        using var added = await _service.SendAsync(HttpMethod.Post, "/pipelines", _issuer.Token(), RunningService.Yaml(Quiet));

        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        var store = _service.Services.GetRequiredService<IServiceStore>();
        Assert.Equal("ann@example.com", Assert.Single(await store.State.HistoryAsync("quiet", 100, default)).Owner);
    }

    [Fact]
    public async Task A_token_with_the_scope_to_read_looks_and_changes_nothing()
    {
        var token = _issuer.Token("openid dataflow.read");

        using var list = await _service.SendAsync(HttpMethod.Get, "/pipelines", token);
        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
        var detail = await Problem.AssertAsync(
            HttpStatusCode.Forbidden, await _service.SendAsync(HttpMethod.Post, "/pipelines", token, RunningService.Yaml(Quiet)));

        Assert.Equal("'ann@example.com' may only look; this needs a key or token that may write.", detail);
    }

    [Theory]
    [InlineData("roles")]
    [InlineData("groups")]
    public async Task Roles_do_as_scopes_do(string claim)
    {
        using var list = await _service.SendAsync(
            HttpMethod.Get, "/pipelines", _issuer.Token(scope: null, more: new() { [claim] = new[] { "cook", "dataflow.read" } }));

        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
    }

    [Fact]
    public async Task A_token_without_a_scope_of_ours_is_known_and_gets_nothing()
    {
        var detail = await Problem.AssertAsync(
            HttpStatusCode.Forbidden, await _service.SendAsync(HttpMethod.Get, "/pipelines", _issuer.Token("openid dataflow.write.not")));

        Assert.Contains("none of the scopes or roles that open this service", detail);
    }

    [Fact]
    public async Task An_expired_token_is_refused() =>
        Assert.StartsWith("The token has expired", await RefusedAsync(_issuer.Token(endsIn: TimeSpan.FromMinutes(-5))));

    [Fact]
    public async Task A_token_for_somebody_else_is_refused() =>
        Assert.Contains("for the audience 'dataflow'", await RefusedAsync(_issuer.Token(audience: "billing")));

    [Fact]
    public async Task A_token_of_another_issuer_is_refused() =>
        Assert.StartsWith("The token was issued by somebody else", await RefusedAsync(_issuer.Token(issuer: "https://evil.example")));

    [Fact]
    public async Task A_token_that_is_signed_with_another_key_is_refused()
    {
        using var other = RSA.Create(2048);

        Assert.StartsWith("The token is not signed with a key of", await RefusedAsync(_issuer.Token(key: new RsaSecurityKey(other) { KeyId = "first" })));
    }

    [Fact]
    public async Task A_token_that_is_signed_with_the_public_key_as_a_secret_is_refused()
    {
        var secret = new SymmetricSecurityKey(((RSA)_issuer.Key.Rsa).ExportSubjectPublicKeyInfo()) { KeyId = "first" };

        await RefusedAsync(_issuer.Token(key: secret, algorithm: SecurityAlgorithms.HmacSha256));
    }

    [Fact]
    public async Task A_token_that_is_not_signed_is_refused()
    {
        var payload = _issuer.Token().Split('.')[1];
        var none = Base64UrlEncoder.Encode(Encoding.UTF8.GetBytes("""{"alg":"none","typ":"JWT"}"""));

        await RefusedAsync($"{none}.{payload}.");
    }

    [Fact]
    public async Task A_changed_token_is_refused()
    {
        var parts = _issuer.Token("dataflow.read").Split('.');
        var payload = Base64UrlEncoder.Decode(parts[1]).Replace("dataflow.read", "dataflow.write", StringComparison.Ordinal);

        await RefusedAsync($"{parts[0]}.{Base64UrlEncoder.Encode(payload)}.{parts[2]}");
    }

    [Fact]
    public async Task What_is_no_token_is_refused() => await RefusedAsync("bm8.dG9rZW4.YXRhbGw");

    [Fact]
    public async Task Keys_open_the_api_beside_tokens()
    {
        var store = _service.Services.GetRequiredService<IServiceStore>();
        var secret = KeySecret.Create();
        await store.Keys.AddAsync(new ApiKey("robot", KeySecret.HashOf(secret), MayWrite: false, DateTimeOffset.UnixEpoch), default);

        using var list = await _service.SendAsync(HttpMethod.Get, "/pipelines", secret);

        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
    }

    [Fact]
    public async Task An_issuer_that_others_could_stand_in_for_is_refused_at_the_start()
    {
        using var folder = new TemporaryFolder();

        var refusal = await Assert.ThrowsAsync<ConfigurationException>(() => RunningService.StartAsync(
            folder, new SecurityOptions { Oidc = new OidcOptions { Authority = new Uri("http://login.example.com"), Audience = "dataflow" } }));

        Assert.Equal("oidc-authority", Assert.Single(refusal.Problems).Key);
    }

    [Fact]
    public async Task While_the_issuer_is_away_tokens_can_not_be_checked_and_the_answer_says_so()
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(
            folder,
            new SecurityOptions { Oidc = new OidcOptions { Authority = new Uri($"http://127.0.0.1:{Cluster.FreePorts.Take(1)[0]}"), Audience = "dataflow" } },
            listen: "http://0.0.0.0:0");

        var detail = await Problem.AssertAsync(
            HttpStatusCode.ServiceUnavailable, await service.SendAsync(HttpMethod.Get, "/pipelines", _issuer.Token()));

        Assert.StartsWith("Tokens can't be checked now", detail);
    }

    private async Task<string> RefusedAsync(string token)
    {
        var answer = await _service.SendAsync(HttpMethod.Get, "/pipelines", token);
        Assert.Equal("Bearer realm=\"dataflow\"", answer.Headers.WwwAuthenticate.ToString());
        var detail = await Problem.AssertAsync(HttpStatusCode.Unauthorized, answer);
        Assert.DoesNotContain(token.Split('.')[1], detail);
        return detail;
    }
}
