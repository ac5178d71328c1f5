using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace DataFlow.IntegrationTests.Service;

/// <summary>An OpenID Connect issuer in this process: describes itself, shows its public key, signs tokens.</summary>
internal sealed class TestIssuer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RSA _key = RSA.Create(2048);

    private TestIssuer(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    public RsaSecurityKey Key => new(_key) { KeyId = "first" };

    public static async Task<TestIssuer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var issuer = new TestIssuer(app);
        app.UseRouting();
        app.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = issuer.Name, jwks_uri = $"{issuer.Name}/keys" }));
        app.MapGet("/keys", () =>
        {
            var open = issuer._key.ExportParameters(includePrivateParameters: false);
            return Results.Json(new
            {
                keys = new[] { new { kty = "RSA", use = "sig", kid = "first", n = Base64UrlEncoder.Encode(open.Modulus), e = Base64UrlEncoder.Encode(open.Exponent) } },
            });
        });
        await app.StartAsync();
        issuer.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return issuer;
    }

    public string Name => Address.ToString().TrimEnd('/');

    /// <summary>A token, good unless something else is asked for.</summary>
    public string Token(
        string? scope = "dataflow.write",
        string audience = "dataflow",
        string? issuer = null,
        TimeSpan? endsIn = null,
        SecurityKey? key = null,
        string algorithm = SecurityAlgorithms.RsaSha256,
        Dictionary<string, object>? more = null)
    {
        var claims = new Dictionary<string, object>(more ?? []) { ["sub"] = "ann@example.com" };
        if (scope is not null)
        {
            claims["scope"] = scope;
        }

        var ends = TimeProvider.System.GetUtcNow().UtcDateTime + (endsIn ?? TimeSpan.FromHours(1));
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? Name,
            Audience = audience,
            Claims = claims,
            NotBefore = ends - TimeSpan.FromDays(1),
            Expires = ends,
            SigningCredentials = new SigningCredentials(key ?? Key, algorithm),
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
    }
}
