using System.Diagnostics;

namespace DataFlow.Conformance;

/// <summary>The WebSocket server of <c>tests/ForeignServers</c>: Node.js and the npm package ws. Ends with this process.</summary>
internal sealed class ForeignWebSocketServer : IDisposable
{
    private readonly Process _process;

    private ForeignWebSocketServer(Process process, string address) => (_process, Address) = (process, address);

    /// <summary>Where it listens, without a path.</summary>
    public string Address { get; }

    /// <summary>Starts it, or ends the test where it can't be: see <see cref="RequiredServer"/>.</summary>
    public static async Task<ForeignWebSocketServer> StartAsync()
    {
        var node = RequiredServer.Require("Node.js", RequiredServer.FindProgram("node"), "Install the package nodejs.");
        var script = RequiredServer.Require(
            "The npm package ws", Script(), "Run `npm ci` in tests/ForeignServers.");
        var process = Process.Start(new ProcessStartInfo(node, [script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var port = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server ended at once.");
        return new ForeignWebSocketServer(process, $"ws://127.0.0.1:{port}");
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit(TimeSpan.FromMinutes(1));
        _process.Dispose();
    }

    private static string? Script()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var servers = Path.Combine(folder.FullName, "tests", "ForeignServers");
            if (Directory.Exists(Path.Combine(servers, "node_modules", "ws")))
            {
                return Path.Combine(servers, "websocket.js");
            }
        }

        return null;
    }
}
