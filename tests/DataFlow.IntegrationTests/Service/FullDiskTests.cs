using System.Net;
using System.Text.Json.Nodes;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A service in a process of its own whose disk gets full.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("state", "can't grow: the disk is full")]
    [InlineData("out", "The disk is full")]
    public async Task A_pipeline_says_that_the_disk_is_full_and_goes_on_without_a_loss_when_there_is_space(string folder, string reason)
    {
        using var disk = SmallDisk.Mount(_folder[folder], "3m");
        _folder.Write("numbers.yaml", Definitions.Endless("numbers", perSecond: 500).Replace("numbers.ndjson", "out/numbers.ndjson", StringComparison.Ordinal));
        using var service = await ServedProcess.StartAsync(
            _folder.Path, ["serve", "numbers.yaml", "--listen", "http://127.0.0.1:0", "--state", _folder["state"]]);
        using var client = new HttpClient { BaseAddress = service.Address };
        await DeliversMoreAsync(client);

        disk.Fill();
        await Eventually.IsAsync(async () =>
        {
            var pipeline = await client.GetStringAsync("/pipelines/numbers");
            return (((string?)JsonNode.Parse(pipeline)!["health"]!["reason"] ?? "").Contains(reason, StringComparison.Ordinal), pipeline);
        });
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live")).StatusCode);

        disk.Free();
        await DeliversMoreAsync(client);
        (await service.TerminateAsync()).Succeeded();

        var numbers = File.ReadLines(_folder["out/numbers.ndjson"]).Select(line => (long)JsonNode.Parse(line)!["sequence"]!).ToList();
        Assert.Equal(Enumerable.Range(1, numbers.Count).Select(number => (long)number), numbers);
    }

    private static async Task DeliversMoreAsync(HttpClient client)
    {
        long? before = null;
        await Eventually.IsAsync(async () =>
        {
            using var answer = await client.GetAsync("/pipelines/numbers/state");
            var seen = await answer.Content.ReadAsStringAsync();
            var delivered = answer.StatusCode == HttpStatusCode.OK ? (long?)JsonNode.Parse(seen)!["counters"]!["delivered"] : null;
            before ??= delivered;
            return (delivered > before, seen);
        });
    }
}
