using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using DataFlow.Conformance;
using static DataFlow.Conformance.TestApiAnswers;

namespace DataFlow.IntegrationTests;

/// <summary>The REST source and the HTTP sink through the built command, as a user would run them.</summary>
public sealed class ApiCommandTests
{
    [Fact]
    [Trait("claim", "API-21")]
    public async Task The_example_reads_all_pages_of_an_API_like_that_of_GitHub()
    {
        using var folder = new TemporaryFolder();
        await using var api = await TestApi.OfJsonAsync((context, _) => Users(context.Number("page") * 1000, context.Number("page") < 3 ? 100 : 21));
        File.Copy(Repository("examples", "rest-api", "pipeline.yaml"), folder["pipeline.yaml"]);

        var result = await Cli.RunAsync(
            folder.Path, ["run", "pipeline.yaml", "--until", "caught-up", "--output", "json"],
            new Dictionary<string, string> { ["ISSUES_URL"] = new Uri(api.Address, "/repos/apache/pekko/issues").AbsoluteUri, ["GITHUB_TOKEN"] = "ghp_x" });

        result.Succeeded();
        Assert.Equal(221, File.ReadLines(folder["out/issues.ndjson"]).Count());
        Assert.Equal("/repos/apache/pekko/issues?page=3&per_page=100", api.Targets.Last());
        Assert.All(api.Requests, request => Assert.Equal("Bearer ghp_x", request.Headers["Authorization"]));
    }

    [Fact]
    [Trait("claim", "API-33")]
    public async Task Preview_and_verbose_show_requests_and_answers_with_secrets_masked()
    {
        using var folder = new TemporaryFolder();
        await using var api = await TestApi.OfJsonAsync("""{"data":[{"id":1,"name":"Alice"}]}""");
        folder.Write("a.yaml", $$"""
            source:
              type: api
              connection: {{api.Address}}users?api_key=s3cret-1
              options: { auth-type: bearer, auth-token: s3cret-2, headers: { X-Tenant: s3cret-3 } }
            sink: { type: console }
            """);

        var preview = await Cli.RunAsync(folder.Path, "preview", "a.yaml");
        var run = await Cli.RunAsync(folder.Path, "run", "a.yaml", "--until", "caught-up", "--verbose");
        var quiet = await Cli.RunAsync(folder.Path, "run", "a.yaml", "--until", "caught-up");

        preview.Succeeded();
        run.Succeeded();
        Assert.Contains("Alice", preview.Out);
        foreach (var said in new[] { preview.Error, run.Error })
        {
            Assert.Contains($"request: GET {api.Address}users?api_key=***", said);
            Assert.Contains("Authorization: ***", said);
            Assert.Contains($"answer: 200 from {api.Address}users?api_key=***", said);
            Assert.Contains("""answer starts with: {"data":[{"id":1,"name":"Alice"}]}""", said);
        }

        Assert.DoesNotContain("request:", quiet.Error);
        Assert.All(new[] { preview, run, quiet }, one => Assert.DoesNotContain("s3cret", one.Out + one.Error));
    }

    [Fact]
    public async Task Records_go_from_one_API_to_another_and_what_the_other_refuses_is_a_dead_letter()
    {
        using var folder = new TemporaryFolder();
        await using var from = await TestApi.OfJsonAsync($$"""{"data":{{Users(1, 50)}}}""");
        var taken = new List<int>();
        TestApi to = null!;
        to = await TestApi.StartAsync((context, number) =>
        {
            var ids = JsonDocument.Parse(to.Requests[number - 1].Body).RootElement.EnumerateArray().Select(record => record.GetProperty("id").GetInt32()).ToList();
            if (ids.Contains(13))
            {
                return context.JsonAsync("""{"error":"no 13 please"}""", 422);
            }

            taken.AddRange(ids);
            return context.JsonAsync("{}");
        });
        await using var target = to;
        folder.Write("a.yaml", $$"""
            source: { type: api, connection: '{{from.Address}}' }
            sink: { type: http, connection: '{{to.Address}}in', options: { format: json-array, records-per-request: 20 } }
            until: caught-up
            """);

        var result = await Cli.RunAsync(folder.Path, "run", "a.yaml", "--output", "json");
        var explained = await Cli.RunAsync(folder.Path, "explain", "a.yaml");

        var letters = await Cli.RunAsync(folder.Path, "dead-letters", "list", "a.yaml");

        result.Succeeded();
        Assert.Contains("\"delivered\":49", result.Out);
        Assert.Equal(Enumerable.Range(1, 50).Where(id => id != 13), taken);
        Assert.Contains("no 13 please", letters.Out);
        Assert.Contains("at-least-once", explained.Out);
        Assert.Contains("Idempotency-Key", explained.Out);
    }

    [Fact]
    public async Task A_server_with_a_certificate_that_the_machine_trusts_is_read_over_TLS()
    {
        using var folder = new TemporaryFolder();
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var self = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var certificate = X509CertificateLoader.LoadPkcs12(self.Export(X509ContentType.Pkcs12), null);
        folder.Write("trusted.pem", certificate.ExportCertificatePem());
        await using var api = await TestApi.StartAsync((context, _) => context.JsonAsync($$"""{"data":{{Users(1, 3)}}}"""), certificate);
        folder.Write("a.yaml", $$"""
            source: { type: api, connection: 'https://localhost:{{api.Address.Port}}/users', options: { max-retries: 0 } }
            sink: { type: console, options: { format: ndjson } }
            until: caught-up
            """);

        var trusted = await Cli.RunAsync(folder.Path, ["run", "a.yaml"], new Dictionary<string, string> { ["SSL_CERT_FILE"] = folder["trusted.pem"] });
        var untrusted = await Cli.RunAsync(folder.Path, "run", "a.yaml", "--fresh");

        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Only on Linux a certificate can be trusted for one process.");
        }

        trusted.Succeeded();
        Assert.Contains("user 3", trusted.Out);
        Assert.NotEqual(0, untrusted.ExitCode);
        Assert.Contains("No secure connection to localhost", untrusted.Error);
    }

    private static string Repository(params string[] parts)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "DataFlow.slnx")))
        {
            folder = folder.Parent;
        }

        return Path.Combine([folder.FullName, .. parts]);
    }
}
