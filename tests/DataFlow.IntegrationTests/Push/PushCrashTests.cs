using System.Diagnostics;
using System.Globalization;
using DataFlow.Client;
using DataFlow.Conformance;
using DataFlow.IntegrationTests.Cluster;

namespace DataFlow.IntegrationTests.Push;

/// <summary>The service is killed while producers push, started again on its state, and the producers go on.</summary>
public sealed class PushCrashTests
{
    private const int Kills = 4;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Kills_of_the_service_lose_and_double_nothing_of_what_producers_push()
    {
        using var folder = new TemporaryFolder();
        folder.Write("orders.yaml", PushApiTests.Definition("orders"));
        var address = new Uri($"http://127.0.0.1:{FreePorts.Take(1)[0]}");
        await using var first = new PipelineClient(address, "orders", Options("a"));
        await using var second = new PipelineClient(address, "orders", Options("b"));
        using var over = new CancellationTokenSource();
        var sending = new[] { (Name: "a", Client: first), (Name: "b", Client: second) }.Select(producer => SendAsync(producer.Client, producer.Name, over.Token)).ToList();
        var random = new Random(4711);
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var service = new Killed(await StartAsync(folder, address));
            var before = first.Delivered + second.Delivered;
            var more = random.Next(50, 400);
            await Eventually.Is(() => first.Delivered + second.Delivered > before + more || service.HasExited);
            Assert.False(service.HasExited, "The service has ended by itself.");
        }

        await using var last = new Killed(await StartAsync(folder, address));
        var delivered = first.Delivered + second.Delivered;
        await Eventually.Is(() => first.Delivered + second.Delivered > delivered + 100);
        await over.CancelAsync();
        var counts = await Task.WhenAll(sending);
        await first.FlushAsync(Ct);
        await second.FlushAsync(Ct);
        await last.DisposeAsync();

        PushedFile.AssertExact(folder["orders.ndjson"], ("a", counts[0]), ("b", counts[1]));
        Assert.Equal((counts[0], counts[1]), (first.Delivered, second.Delivered));
    }

    private static PipelineClientOptions Options(string producer) => new()
    {
        Producer = producer,
        BatchRecords = 20,
        Linger = TimeSpan.FromMilliseconds(5),
        BufferBytes = 64 << 10,
    };

    private static async Task<int> SendAsync(PipelineClient client, string producer, CancellationToken over)
    {
        var number = 0;
        while (!over.IsCancellationRequested)
        {
            await client.SendAsync(new { producer, number = number + 1 }, ct: Ct);
            number++;
        }

        return number;
    }

    private static async Task<Process> StartAsync(TemporaryFolder folder, Uri address)
    {
        var service = Cli.Start(folder.Path, ["serve", "orders.yaml", "--listen", address.ToString().TrimEnd('/')]);
        service.ErrorDataReceived += (_, _) => { };
        service.BeginErrorReadLine();
        var said = await service.StandardOutput.ReadLineAsync(Ct);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $":{address.Port}"), said, StringComparison.Ordinal);
        _ = service.StandardOutput.ReadToEndAsync(Ct);
        return service;
    }

    /// <summary>A process that is killed at the end of its scope, whatever happens in it.</summary>
    private sealed class Killed(Process process) : IAsyncDisposable
    {
        private bool _isDisposed;

        public bool HasExited => process.HasExited;

        public async ValueTask DisposeAsync()
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
                process.Dispose();
            }
        }
    }
}
