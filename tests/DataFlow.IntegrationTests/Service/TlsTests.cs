using System.Net;
using DataFlow.Engine.Configuration;
using DataFlow.Server;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.IntegrationTests.Service;

/// <summary>The API over TLS.</summary>
public sealed class TlsTests
{
    [Fact]
    public async Task A_certificate_in_PEM_files_is_what_callers_see()
    {
        using var folder = new TemporaryFolder();
        var thumbprint = TestCertificate.WritePem(folder["tls.pem"], folder["tls.key"]);

        await AnswersAsync(folder, new TlsOptions { Certificate = folder["tls.pem"], Key = folder["tls.key"] }, thumbprint);
    }

    [Fact]
    public async Task A_certificate_in_a_PFX_file_is_what_callers_see()
    {
        using var folder = new TemporaryFolder();
        var thumbprint = TestCertificate.WritePfx(folder["tls.pfx"], "open sesame");

        await AnswersAsync(folder, new TlsOptions { Certificate = folder["tls.pfx"], Password = "open sesame" }, thumbprint);
    }

    [Fact]
    public async Task An_https_address_without_a_certificate_is_refused_at_the_start()
    {
        using var folder = new TemporaryFolder();

        var refusal = await Assert.ThrowsAsync<ConfigurationException>(() => RunningService.StartAsync(folder, listen: "https://127.0.0.1:0"));

        Assert.Contains("needs a certificate; give it with --tls-certificate FILE and --tls-key FILE", Assert.Single(refusal.Problems).Message);
    }

    [Theory]
    [InlineData("no certificate at all")]
    [InlineData(null)]
    public async Task A_certificate_that_can_not_be_used_is_refused_at_the_start(string? text)
    {
        using var folder = new TemporaryFolder();
        if (text is not null)
        {
            folder.Write("tls.pem", text);
        }

        var refusal = await Assert.ThrowsAsync<ConfigurationException>(() => RunningService.StartAsync(
            folder, new SecurityOptions { Tls = new TlsOptions { Certificate = folder["tls.pem"] } }, listen: "https://127.0.0.1:0"));

        Assert.Equal("tls-certificate", Assert.Single(refusal.Problems).Key);
    }

    [Fact]
    public void A_certificate_that_is_replaced_is_used_within_a_minute_and_half_of_a_pair_is_not()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider();
        var first = TestCertificate.WritePem(folder["tls.pem"], folder["tls.key"]);
        var certificate = new ServerCertificate(new TlsOptions { Certificate = folder["tls.pem"], Key = folder["tls.key"] }, time);
        var key = File.ReadAllText(folder["tls.key"]);
        var second = TestCertificate.WritePem(folder["tls.pem"], folder["new.key"]);
        Touch(folder["tls.pem"]);

        Assert.Equal(first, Thumbprint(certificate));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(first, Thumbprint(certificate));
        Assert.NotEqual(key, File.ReadAllText(folder["new.key"]));
        File.Move(folder["new.key"], folder["tls.key"], overwrite: true);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(second, Thumbprint(certificate));
    }

    // Two writes may fall into one tick of the file system's clock.
    private static void Touch(string file) => File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddSeconds(1));

    private static string Thumbprint(ServerCertificate certificate) =>
        certificate.Options(NullLogger.Instance).ServerCertificateContext!.TargetCertificate.Thumbprint;

    private static async Task AnswersAsync(TemporaryFolder folder, TlsOptions tls, string thumbprint)
    {
        await using var service = await RunningService.StartAsync(folder, new SecurityOptions { Tls = tls }, listen: "https://127.0.0.1:0");
        string? seen = null;
        using var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, certificate, _, _) =>
            {
                seen = certificate?.Thumbprint;
                return true;
            },
        };
        using var client = new HttpClient(handler);

        using var answer = await client.GetAsync(new Uri(service.Address, "/health/ready"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(thumbprint, seen);
    }
}
