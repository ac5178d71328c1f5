namespace DataFlow;

/// <summary>How DataFlow runs inside an application.</summary>
public sealed class DataFlowOptions
{
    /// <summary>Where positions and dead letters are kept; relative to the current folder.</summary>
    public string StateDirectory { get; set; } = ".dataflow";

    /// <summary>Pipeline files that run while the application runs.</summary>
    public IList<string> PipelineFiles { get; } = [];
}
