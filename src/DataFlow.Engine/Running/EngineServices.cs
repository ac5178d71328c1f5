using DataFlow.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace DataFlow.Engine;

/// <summary>What runs share: clock, memory, log, metrics.</summary>
internal sealed record EngineServices(TimeProvider Time, BatchPool Pool, ILogger Logger, PipelineMetrics Metrics);
