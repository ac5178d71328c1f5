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
    public long MaxRequestBytes { get; init; } = 5_000_000;

    /// <summary>The longest time that records may wait before a pipeline counts as degraded, where nothing else is said.</summary>
    public static TimeSpan DefaultFreshnessLimit { get; } = TimeSpan.FromMinutes(5);

    /// <summary>A pipeline counts as degraded when records have waited for longer than this.</summary>
    public TimeSpan FreshnessLimit { get; init; } = DefaultFreshnessLimit;

    /// <summary>Who may use the API, and how it is protected on its way.</summary>
    public SecurityOptions Security { get; init; } = new();

    /// <summary>What was set in the settings file, for the parts that have sections of their own; null for nothing.</summary>
    public IConfiguration? Settings { get; init; }

    /// <summary>Where log lines go; null for nowhere.</summary>
    public Action<ILoggingBuilder>? Logging { get; init; }
}
