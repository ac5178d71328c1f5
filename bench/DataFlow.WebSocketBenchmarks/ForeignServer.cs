using System.Diagnostics;

namespace DataFlow.WebSocketBenchmarks;

/// <summary>The server of <c>tests/ForeignServers</c>; ends with this process.</summary>
internal sealed class ForeignServer(Process process, string address) : IDisposable
{
    public string Address => address;

    public static async Task<ForeignServer> StartAsync()
    {
        var script = Path.GetFullPath(Path.Combine("tests", "ForeignServers", "websocket.js"));
        var process = Process.Start(new ProcessStartInfo("node", [script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var port = await process.StandardOutput.ReadLineAsync()
            ?? throw new InvalidOperationException("The server did not start; run `npm ci --prefix tests/ForeignServers`, and this from the repository's root.");
        return new ForeignServer(process, $"ws://127.0.0.1:{port}");
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit(TimeSpan.FromMinutes(1));
        process.Dispose();
    }
}
