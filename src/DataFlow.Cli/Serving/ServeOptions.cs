using DataFlow.Engine.Configuration;
using DataFlow.Server;
using Microsoft.Extensions.Configuration;

namespace DataFlow.Cli.Serving;

/// <summary>What <c>dataflow serve</c> was told, by whichever way.</summary>
internal sealed record ServeOptions
{
    public required IReadOnlyList<string> Files { get; init; }

    public required string Root { get; init; }

    public required string State { get; init; }

    public required Confinement Confinement { get; init; }

    public required SecurityOptions Security { get; init; }

    public bool IsLogJson { get; init; }

    public TimeSpan? FreshnessLimit { get; init; }

    public IReadOnlyList<string> Listen { get; init; } = [];

    public string? Database { get; init; }

    public string? Node { get; init; }

    public string? Address { get; init; }

    public string? ClusterHost { get; init; }

    public int? ClusterPort { get; init; }

    public IReadOnlyList<string> Seeds { get; init; } = [];

    public int? Nodes { get; init; }

    public required IConfiguration Settings { get; init; }

    public bool Verbose { get; init; }
}
