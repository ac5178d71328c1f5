using DataFlow.Engine.Lifecycle;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>What the entities of a node share.</summary>
internal sealed record EntityServices(
    Node Node, LocalRuns Runs, NodeLeases Leases, IServiceStore Store, NodeMeter Meter, ILogger<PipelineActor> Logger);
