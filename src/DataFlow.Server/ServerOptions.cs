using DataFlow.Cluster;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace DataFlow.Server;

/// <summary>How a service is reached, and how it takes part in its cluster.</summary>
public sealed record ServerOptions
{
    /// <summary>Where the API listens when nothing else is said.</summary>
    public static Uri DefaultListen { get; } = new("http://127.0.0.1:5080");

    /// <summary>
    /// How the process takes part. A port 0 in <see cref="ClusterOptions.Address"/> stands for the port that the API listens on.
    /// </summary>
    public required ClusterOptions Cluster { get; init; }

    /// <summary>Where the API listens: URLs with an IP address or <c>localhost</c>, and a port, 0 for a free one.</summary>
    public IReadOnlyList<Uri> Listen { get; init; } = [DefaultListen];

    /// <summary>The kinds that pipelines can use.</summary>
    public Catalogue Catalogue { get; init; } = BuiltInCatalogue.Instance;

    /// <summary>The largest request body, in bytes. A pipeline file is never larger than 4 MiB.</summary>
    public long MaxRequestBytes { get; init; } = 4 << 20;

    /// <summary>What was set in the settings file, for the parts that have sections of their own; null for nothing.</summary>
    public IConfiguration? Settings { get; init; }

    /// <summary>Where log lines go; null for nowhere.</summary>
    public Action<ILoggingBuilder>? Logging { get; init; }
}
