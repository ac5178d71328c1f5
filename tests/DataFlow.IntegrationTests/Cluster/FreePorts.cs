using System.Net;
using System.Net.Sockets;

namespace DataFlow.IntegrationTests.Cluster;

/// <summary>Ports of the loopback interface that nobody uses right now.</summary>
internal static class FreePorts
{
    /// <summary>Takes several at once, so that they differ.</summary>
    public static int[] Take(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        listeners.ForEach(listener => listener.Dispose());
        return ports;
    }
}
