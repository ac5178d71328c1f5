using DataFlow.Engine.State;

namespace DataFlow.Engine.Lifecycle;

/// <summary>Everything that a service keeps, in one database: SQLite on one node, PostgreSQL for a cluster. Disposing it closes all parts.</summary>
public interface IServiceStore : IAsyncDisposable
{
    /// <summary>Checkpoints, dead letters, history.</summary>
    IStateStore State { get; }

    /// <summary>The pipelines and their lifecycle.</summary>
    IPipelineRegistry Pipelines { get; }

    /// <summary>Who may run them.</summary>
    IPipelineLeases Leases { get; }

    /// <summary>The nodes.</summary>
    INodeDirectory Nodes { get; }

    /// <summary>The keys of the API.</summary>
    IApiKeys Keys { get; }
}
