using System.Net.Http.Headers;
using System.Text.Json;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Service;

/// <summary>What a service writes into its log.</summary>
public sealed class LogTests
{
    [Fact]
    public async Task Json_lines_name_the_pipeline_and_hold_no_secret()
    {
        const string Secret = "TOP-SECRET-VALUE";
        using var folder = new TemporaryFolder();
        folder.Write("in.csv", "id,name\n1,Ann\n2\n");
        folder.Write("users.yaml", $"name: users # {Secret}\nsource: {{ type: file, connection: in.csv, options: {{ mode: tail }} }}\nsink: {{ type: file, connection: out.ndjson }}\nuntil: forever\n");
        using var service = await ServedProcess.StartAsync(folder.Path, ["serve", "users.yaml", "--listen", "http://127.0.0.1:0", "--log-format", "json", "--verbose"]);
        using var client = new HttpClient { BaseAddress = service.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Secret);
        using var refused = await client.GetAsync("/pipelines");
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
        await Eventually.IsAsync(() => Task.FromResult((File.Exists(folder["out.ndjson"]) && new FileInfo(folder["out.ndjson"]).Length > 0, "no output yet")));

        var ended = await service.TerminateAsync();

        Assert.Equal(0, ended.ExitCode);
        Assert.DoesNotContain(Secret, ended.Error + ended.Out);
        var lines = ended.Error.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var bad = Assert.Single(lines, line => line.GetProperty("EventId").GetInt32() == 40);
        Assert.Contains(bad.GetProperty("Scopes").EnumerateArray(), scope =>
            scope.ValueKind == JsonValueKind.Object && scope.TryGetProperty("pipeline_id", out var pipeline) && pipeline.GetString() == "users");
    }
}
