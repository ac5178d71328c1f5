using System.Collections.Concurrent;
using DataFlow.Engine;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>The runs of this node. Thread-safe.</summary>
public sealed class LocalRuns
{
    private readonly ConcurrentDictionary<string, LocalRun> _runs = new(StringComparer.Ordinal);
    private readonly Node _node;
    private readonly DefinitionReader _definitions;
    private readonly IServiceStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger<LocalRuns> _logger;

    internal LocalRuns(Node node, DefinitionReader definitions, IServiceStore store, TimeProvider time, ILogger<LocalRuns> logger)
    {
        _node = node;
        _definitions = definitions;
        _store = store;
        _time = time;
        _logger = logger;
    }

    /// <summary>All runs of this node.</summary>
    public IReadOnlyCollection<LocalRun> All => [.. _runs.Values];

    /// <summary>The run of a pipeline on this node, or null when this node does not run it.</summary>
    public LocalRun? Find(string pipeline) => _runs.GetValueOrDefault(pipeline);

    /// <summary>Starts a pipeline whose lease this node holds.</summary>
    /// <exception cref="Engine.Configuration.ConfigurationException">Its definition does not validate here.</exception>
    /// <exception cref="ConnectorException">An earlier run has not ended yet, or a process outside of the service runs it.</exception>
    internal LocalRun Start(RegisteredPipeline pipeline, KeptLease lease)
    {
        var definition = _definitions.Read(pipeline);
        if (_runs.ContainsKey(pipeline.Name))
        {
            throw ConnectorException.External($"The last run of pipeline '{pipeline.Name}' on this node has not ended yet.");
        }

        var held = _node.Options.Database is null ? PipelineLock.Acquire(_node.Options.StateFolder, pipeline.Name, instance: null, _time) : null;
        try
        {
            var tap = new RunTap();
            var spec = definition.ToSpec();
            var runner = new PipelineRunner(
                spec with
                {
                    Owner = _node.By,
                    StateFolder = _node.Options.StateFolder,
                    Transforms = [.. spec.Transforms, tap],
                    // A service goes on for months: whoever is away for an hour is waited for.
                    MaxAttempts = null,
                },
                _store.State,
                _time,
                _logger);
            var run = _runs[pipeline.Name] = new LocalRun(pipeline.Name, _node, runner, tap, lease, held, _logger);
            run.Begin(() => _runs.TryRemove(run.Pipeline, out _));
            return run;
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }
}
