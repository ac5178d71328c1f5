using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;
using DataFlow.Engine.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DataFlow;

/// <summary>Runs the application's pipeline files: from its start until they end or it stops.</summary>
/// <param name="options">The files and the state directory.</param>
/// <param name="catalogue">The kinds there are.</param>
/// <param name="state">Where positions are kept.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">For what people should see.</param>
public sealed class PipelineHost(
    IOptions<DataFlowOptions> options, Catalogue catalogue, IStateStore state, TimeProvider time, ILoggerFactory loggers) : BackgroundService
{
    private readonly Lock _gate = new();
    private readonly List<PipelineRunner> _runs = [];
    private readonly List<string> _refusals = [];

    /// <summary>The pipelines that were started.</summary>
    public IReadOnlyList<PipelineRunner> Runs
    {
        get { lock (_gate) { return [.. _runs]; } }
    }

    /// <summary>Pipelines that could not be started, and why.</summary>
    public IReadOnlyList<string> Refusals
    {
        get { lock (_gate) { return [.. _refusals]; } }
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var definitions = options.Value.PipelineFiles.Select(file => PipelineFile.Load(file, catalogue)).ToList();
        return Task.WhenAll(definitions.Select(definition => Task.Run(() => RunAsync(definition, stoppingToken), CancellationToken.None)));
    }

    private async Task RunAsync(PipelineDefinition definition, CancellationToken stop)
    {
        var logger = loggers.CreateLogger<PipelineHost>();
        try
        {
            if (GuaranteeExplanation.Of(definition).Warning is not null)
            {
                logger.BestEffort(definition.Name, definition.Source.Definition.Name);
            }

            using var held = PipelineLock.Acquire(options.Value.StateDirectory, definition.Name, instance: null, time);
            var outcome = await RunAsync(definition, logger, stop).ConfigureAwait(false);
            if (outcome.Error is { } failure)
            {
                logger.RunFailed(failure, definition.Name, failure.Message);
            }
        }
        catch (ConnectorException refusal)
        {
            logger.RunFailed(refusal, definition.Name, refusal.Message);
            lock (_gate)
            {
                _refusals.Add($"{definition.Name}: {refusal.Message}");
            }
        }
    }

    private async Task<PipelineOutcome> RunAsync(PipelineDefinition definition, ILogger logger, CancellationToken stop)
    {
        var runner = new PipelineRunner(definition.ToSpec() with { StateFolder = options.Value.StateDirectory }, state, time, logger);
        lock (_gate)
        {
            _runs.Add(runner);
        }

        return await runner.RunAsync(stop).ConfigureAwait(false);
    }
}
