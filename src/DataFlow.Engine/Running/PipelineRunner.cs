using DataFlow.Engine.State;
using DataFlow.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace DataFlow.Engine;

/// <summary>
/// Runs one pipeline to its end: attempt after attempt, with growing pauses between failures that may pass. One runner runs
/// once. <see cref="Progress"/> may be read from any thread. Exclusivity is the caller's: see <see cref="PipelineLock"/>.
/// </summary>
public sealed class PipelineRunner
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    private readonly PipelineSpec _spec;
    private readonly IStateStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly BatchPool _pool;
    private readonly RunProgress _progress;

    /// <summary>Prepares a run.</summary>
    /// <param name="spec">What to run.</param>
    /// <param name="store">Where its state is kept. Not disposed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For what people should see.</param>
    /// <param name="pool">Where batches come from; the process's pool when left out.</param>
    public PipelineRunner(PipelineSpec spec, IStateStore store, TimeProvider time, ILogger logger, BatchPool? pool = null)
    {
        _spec = spec;
        _progress = new RunProgress(spec.SourceCapabilities.OffsetsAddUp, time);
        _store = store;
        _time = time;
        _logger = logger;
        _pool = pool ?? BatchPool.Shared;
        SourceId = $"{spec.SourceType}-source-{spec.PipelineId}-{Guid.NewGuid().ToString("N")[..8]}";
    }

    /// <summary>Unique per run.</summary>
    public string SourceId { get; init; }

    /// <summary>Where the run is.</summary>
    public PipelineProgress Progress => _progress.Snapshot();

    /// <summary>
    /// Runs until the source has ended, the run was stopped, or it could not go on. Never throws for failures of source, sink
    /// or store: they are the outcome's error.
    /// </summary>
    /// <param name="stop">Asks for a graceful stop: no more intake, drain, commit.</param>
    public async Task<PipelineOutcome> RunAsync(CancellationToken stop)
    {
        var started = _time.GetTimestamp();
        using var metrics = PipelineMeter.Shared.Start(_spec.PipelineId, _spec.SourceType, _time);
        metrics.Backlog = () => Progress.BacklogBytes;
        metrics.BacklogRecords = () => Progress.BacklogRecords;
        metrics.Health = () => Progress.IsHealthy;
        metrics.Freshness = () => Progress.Freshness;
        metrics.InFlightBytes = () => _progress.BytesHeld;
        metrics.InFlightLimit = _spec.InFlightBytes;
        var services = new EngineServices(_time, _pool, _logger, metrics);
        Exception? error = null;
        try
        {
            var run = await _store.OpenRunAsync(_spec.PipelineId, _spec.Owner, stop).ConfigureAwait(false);
            _progress.AddBefore(run.Checkpoint.Counters);
            if (run.SourceFingerprint is { } stored && _spec.FingerprintDifference(stored) is { } difference)
            {
                throw ConnectorException.User($"The state of pipeline '{_spec.PipelineId}' belongs to another source: {difference}");
            }

            await RunAttemptsAsync(run.Checkpoint, services, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped while opening or waiting for the next attempt: nothing was in flight that can't be read again.
        }
        catch (Exception failure)
        {
            error = failure;
        }

        var state = error is not null ? RunState.Failed : stop.IsCancellationRequested ? RunState.Stopped : RunState.Completed;
        _progress.Enter(state, error?.Message);
        var (outcomes, reasons) = _progress.Reasons();
        var before = _progress.Before;
        var outcome = new PipelineOutcome(state, _progress.Committed, before + _progress.Committed, _time.GetElapsedTime(started), error)
        {
            HadState = before.Read > 0,
            ParseOutcomes = outcomes,
            DeadLetterReasons = reasons,
        };
        await EndRunAsync(outcome).ConfigureAwait(false);
        return outcome;
    }

    private async Task RunAttemptsAsync(Checkpoint checkpoint, EngineServices services, CancellationToken stop)
    {
        var backoff = new Backoff(FirstPause, LongestPause, Random.Shared);
        var kept = new KeptBatches(keep: !_spec.SourceCapabilities.Replayable);
        try
        {
            while (true)
            {
                Exception failure;
                var isLast = stop.IsCancellationRequested;
                try
                {
                    if (backoff.Failures > 0)
                    {
                        checkpoint = await AfterLostReplyAsync(checkpoint, kept, services.Metrics).ConfigureAwait(false);
                    }

                    var attempt = new Attempt(_spec, SourceId, _store, checkpoint, _progress, kept, services);
                    await using (attempt.ConfigureAwait(false))
                    {
                        try
                        {
                            await attempt.RunAsync(stop).ConfigureAwait(false);
                            return;
                        }
                        finally
                        {
                            checkpoint = attempt.Checkpoint;
                            if (attempt.MadeProgress)
                            {
                                backoff.Reset();
                            }
                        }
                    }
                }
                catch (Exception caught) when (caught is not OperationCanceledException || !stop.IsCancellationRequested)
                {
                    failure = caught;
                    services.Metrics.CountError();
                }

                var advice = (failure as ConnectorException)?.Retry ?? RetryAdvice.Never;
                var pause = backoff.Next(advice, _time.GetUtcNow());
                var isOver = stop.IsCancellationRequested && (isLast || kept.IsEmpty);
                if (advice.Kind == RetryKind.Never || backoff.Failures >= _spec.MaxAttempts || isOver)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
                }

                _progress.Enter(RunState.BackingOff, $"{failure.Message} Next attempt in {pause.TotalSeconds:0.0} s.");
                _logger.AttemptFailed(failure, _spec.PipelineId, backoff.Failures, failure.Message, pause.TotalSeconds);
                await PauseAsync(pause, kept, stop).ConfigureAwait(false);
            }
        }
        finally
        {
            if (!kept.IsEmpty)
            {
                _logger.RecordsLost(_spec.PipelineId, kept.Records);
                kept.Discard();
            }
        }
    }

    private async Task PauseAsync(TimeSpan pause, KeptBatches kept, CancellationToken stop)
    {
        try
        {
            await Task.Delay(pause, _time, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!kept.IsEmpty)
        {
            // What can't be read again gets one attempt more before the run ends.
        }
    }

    /// <summary>A commit whose reply was lost stands: the next attempt goes on from it, not from before.</summary>
    private async Task<Checkpoint> AfterLostReplyAsync(Checkpoint known, KeptBatches kept, PipelineMetrics metrics)
    {
        var stored = (await _store.ReadAsync(_spec.PipelineId, CancellationToken.None).ConfigureAwait(false))?.Checkpoint;
        if (stored is null || stored.Generation != known.Generation || stored.Epoch != known.Epoch || stored.Sequence <= known.Sequence)
        {
            return known;
        }

        kept.Committed();
        var brought = stored.Counters - known.Counters;
        _progress.CommittedUnseen(brought);
        metrics.CountCommit(brought, stored.Counters, stored.Splits.Values.Sum(split => split.Offset));
        return stored;
    }

    private async Task EndRunAsync(PipelineOutcome outcome)
    {
        var happened = outcome.State switch
        {
            RunState.Completed => HistoryEvent.RunCompleted,
            RunState.Stopped => HistoryEvent.RunStopped,
            _ => HistoryEvent.RunFailed,
        };
        try
        {
            await _store.AddHistoryAsync(_spec.PipelineId, happened, _spec.Owner, outcome.Error?.Message, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // The outcome stands whatever the audit log says; a store that fails here has failed the run before.
            _logger.HistoryFailed(failure, _spec.PipelineId, failure.Message);
        }
    }
}
