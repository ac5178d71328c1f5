namespace DataFlow.Engine.Telemetry;

/// <summary>What the loop of a run waits for.</summary>
internal enum WaitsFor
{
    /// <summary>More records: the pipeline is faster than its source.</summary>
    Source,

    /// <summary>Parsing and transforming: the processors are the limit.</summary>
    Workers,

    /// <summary>The sink, which writes: what is read faster than that waits.</summary>
    Sink,

    /// <summary>A commit in the sink and the state store.</summary>
    Commit,
}
