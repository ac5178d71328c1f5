using DataFlow.Engine.State;
using DataFlow.Engine.Telemetry;

namespace DataFlow.Engine;

/// <content>Writing, committing, acknowledging.</content>
internal sealed partial class Attempt
{
    private const int MostStoreTries = 3;

    private Checkpoint _checkpoint;
    private long _lastCommit;
    private bool _commitNow;
    private bool _sinkKnowsSplits;

    private TimeSpan TimeToCommit
    {
        get
        {
            var left = _spec.CommitInterval - _services.Time.GetElapsedTime(_lastCommit);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>A position inside a page or transaction doesn't exist: its records are committed together or read again together.</summary>
    private bool MayCommit => _pending.IsAtRestartPoint || !_spec.SourceCapabilities.Replayable;

    private bool CommitIsDue =>
        !_pending.IsEmpty && MayCommit && (_commitNow || TimeToCommit == TimeSpan.Zero || _kept.Bytes > _spec.InFlightBytes);

    /// <summary>
    /// Records of a split that somebody else reads now would be delivered by both. In a sink they can't be told from their
    /// neighbours, so all since the last commit is void.
    /// </summary>
    private async Task GiveUpLostAsync()
    {
        var lost = _context.TakeLost();
        if (lost.Count == 0)
        {
            return;
        }

        foreach (var batch in _inFlight)
        {
            await batch.Processing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (lost.FirstOrDefault(split => _pending.Touches(split) || _inFlight.Any(batch => batch.Touches(split))) is { } taken)
        {
            throw ConnectorException.External(
                $"Split '{taken}' was taken over by another reader while records of it were on their way. What was read since the last " +
                "commit is taken back; the splits that are left are read again from there.");
        }
    }

    private async Task WriteReadyAsync()
    {
        while (HeadIsReady)
        {
            var batch = _inFlight.Dequeue();
            _inFlightBytes -= batch.Footprint;
            if (batch.Processing.Exception is { } failed)
            {
                // Parsing or transforming failed as a whole: nothing from here on may be written, all before is good.
                Fail(failed.InnerException!);
                await DiscardAsync(batch).ConfigureAwait(false);
                return;
            }

            await WriteAsync(batch).ConfigureAwait(false);
            _progress.Holds(_inFlight.Count, _inFlightBytes);
            if (CommitIsDue)
            {
                await CommitAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task DiscardAsync(InFlightBatch first)
    {
        _kept.Unwritten(first);
        while (_inFlight.TryDequeue(out var next))
        {
            await next.Processing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _inFlightBytes -= next.Footprint;
            _kept.Unwritten(next);
        }
    }

    private async Task WriteAsync(InFlightBatch written)
    {
        var batch = written.Batch;
        var refused = new List<RecordError>();
        var duration = _services.Time.GetElapsedTime(written.Taken);
        try
        {
            if (batch.Count > 0)
            {
                _services.Metrics.Waits.Begin(WaitsFor.Sink);
                var result = await OwnFailuresAsync(() => written.Encoded is { } encoded
                    ? ((IParallelSink)_sink).WriteAsync(encoded, CancellationToken.None)
                    : _sink.WriteAsync(batch, CancellationToken.None)).ConfigureAwait(false);
                _services.Metrics.Waits.End();
                _commitNow |= result.CommitNow;
                refused.AddRange((result.Refused ?? []).Concat(written.Encoded?.Refused ?? []).Select(row => DeadLetterOf(batch, row)));
            }

            CrashPoint.Reach(CrashPoint.AfterWrite);
            _pending.Add(written, refused);
            _commitNow |= _checkpoint.Counters.DeadLettered + _pending.Counters.DeadLettered > _spec.MaxDeadLetters;
            _progress.Written(written, _pending.Counters, refused);
            _services.Metrics.CountBatch(batch, duration);
            Log(batch.Errors);
            Log(refused);
            BatchTrace.Record(_spec, written, refused.Count, failure: null, _services.Time);
        }
        catch (Exception failure)
        {
            _services.Metrics.Waits.End();
            BatchTrace.Record(_spec, written, refused.Count, failure, _services.Time);
            throw;
        }
        finally
        {
            _kept.Written(written);
        }

        if (_pending.DeadLettersAreMany)
        {
            await StoreDeadLettersAsync().ConfigureAwait(false);
        }
    }

    private static RecordError DeadLetterOf(RecordBatch batch, RefusedRow refused) => new(
        batch.DeliveryIdOf(refused.Row),
        RecordError.Stages.Sink,
        refused.Reason,
        refused.Message,
        batch.LetterOf(refused.Row),
        batch.Identity?.Split ?? "",
        batch.FirstLine > 0 ? batch.LineOf(refused.Row) : batch.PositionOf(refused.Row));

    private void Log(IReadOnlyList<RecordError> errors)
    {
        foreach (var error in errors)
        {
            _services.Logger.RecordFailed(error.Explanation, error.Reason);
        }
    }

    private async Task StoreDeadLettersAsync()
    {
        if (_pending.DeadLetters.Count > 0)
        {
            var stamp = CommitStamp.Of(_checkpoint) with { Sequence = _checkpoint.Sequence + 1 };
            if (!await _store.DeadLetters.AppendAsync(_spec.PipelineId, stamp, _pending.DeadLetters, CancellationToken.None).ConfigureAwait(false))
            {
                throw Fenced();
            }

            _pending.DeadLettersStored();
            CrashPoint.Reach(CrashPoint.AfterDeadLetters);
        }
    }

    /// <summary>Sink first, then the store, then the source: each may only know what is durable before it.</summary>
    private async Task CommitAsync(bool always = false)
    {
        _lastCommit = _services.Time.GetTimestamp();
        _commitNow = false;
        if (_pending.IsEmpty && !always)
        {
            return;
        }

        await GiveUpLostAsync().ConfigureAwait(false);
        _services.Metrics.Waits.Begin(WaitsFor.Commit);
        try
        {
            await CommitPendingAsync().ConfigureAwait(false);
        }
        finally
        {
            _services.Metrics.Waits.End();
        }

        ThrowIfDeadLettersAreTooMany();
    }

    private async Task CommitPendingAsync()
    {
        await StoreDeadLettersAsync().ConfigureAwait(false);
        var advances = _pending.Advances();
        var changed = new Checkpoint(
            _checkpoint.Generation,
            _checkpoint.Epoch,
            _checkpoint.Sequence + 1,
            advances.Where(advance => advance.Position != Position.Gone).ToDictionary(advance => advance.Split, advance => advance.Position.ToSplitPosition()),
            _checkpoint.Counters + _pending.Counters,
            SinkState: null)
        {
            Gone = [.. advances.Where(advance => advance.Position == Position.Gone).Select(advance => advance.Split)],
        };
        CrashPoint.Reach(CrashPoint.BeforeSinkCommit);
        var uncommitted = ForSink(changed);
        changed = changed with
        {
            SinkState = await OwnFailuresAsync(() => _sink.CommitAsync(uncommitted, CancellationToken.None)).ConfigureAwait(false),
        };
        _sinkKnowsSplits = true;
        CrashPoint.Reach(CrashPoint.AfterSinkCommit);
        var commit = new StateCommit { Checkpoint = changed, SourceFingerprint = _spec.Fingerprint, Replayed = _pending.Replayed };
        if (await StoreAsync(commit).ConfigureAwait(false) == CommitOutcome.Fenced)
        {
            throw Fenced();
        }

        CrashPoint.Reach(CrashPoint.AfterStateCommit);
        MadeProgress |= _pending.Counters != default;
        var splits = CommitRules.Merge(_checkpoint.Splits, changed);
        _checkpoint = changed with { Splits = splits, Gone = [] };
        _context.Committed(changed);
        _progress.CommittedAll();
        _services.Metrics.CountCommit(_pending.Counters, _checkpoint.Counters, splits.Values.Sum(split => split.Offset));
        _services.Logger.CheckpointCommitted(
            _spec.PipelineId, _checkpoint.Generation, _checkpoint.Sequence, _pending.Counters.Delivered, changed.Splits.Count);
        _pending.Clear();
        _kept.Committed();
        await AcknowledgeAsync([.. advances.Where(advance => !_context.IsLost(advance.Split))]).ConfigureAwait(false);
    }

    /// <summary>A sink that keeps the checkpoint needs what makes it complete: all splits once, and the letters that it delivers.</summary>
    private Checkpoint ForSink(Checkpoint changed)
    {
        var splits = CommitRules.Merge(_sinkKnowsSplits ? Checkpoint.None.Splits : _checkpoint.Splits, changed);
        ReplayedLetters.AddTo(splits, changed, _pending.Replayed);
        return changed with { Splits = splits };
    }

    private async Task AcknowledgeAsync(IReadOnlyList<Advance> advances)
    {
        if (_source is IAcknowledgedSource acknowledged && advances.Count > 0)
        {
            await acknowledged.AcknowledgeAsync(advances, CancellationToken.None).ConfigureAwait(false);
            CrashPoint.Reach(CrashPoint.AfterAcknowledge);
        }
    }

    private void ThrowIfDeadLettersAreTooMany()
    {
        if (_spec.MaxDeadLetters is { } most && _checkpoint.Counters.DeadLettered > most)
        {
            throw ConnectorException.User(
                $"Pipeline '{_spec.PipelineId}' has {_checkpoint.Counters.DeadLettered} dead letters, more than max-dead-letters ({most}). " +
                $"Look at them with 'dataflow dead-letters list', mend the cause, and run again with a higher bound or after 'dead-letters replay'.");
        }
    }

    /// <summary>
    /// A store that failed may have stored all the same. Asked again with the very same commit it says so; another commit
    /// under the same number must never be taken for it.
    /// </summary>
    private async Task<CommitOutcome> StoreAsync(StateCommit commit)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await _store.CommitAsync(_spec.PipelineId, commit, CancellationToken.None).ConfigureAwait(false);
            }
            catch (ConnectorException failure) when (failure.Retry.Kind != RetryKind.Never && tries < MostStoreTries)
            {
                _services.Logger.CommitTriedAgain(failure, _spec.PipelineId, failure.Message);
            }
        }
    }

    /// <summary>Nobody cancels a sink's writes: a cancellation that comes out of one is its own failure, such as a time-out.</summary>
    private static async ValueTask<T> OwnFailuresAsync<T>(Func<ValueTask<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (OperationCanceledException failure)
        {
            throw ConnectorException.External($"The sink gave up: {failure.Message}", failure);
        }
    }

    private TakenOverException Fenced() => new(_spec.PipelineId);

    /// <summary>Does what the source asked for: a drain is answered once everything that it had yielded is committed.</summary>
    private async Task AnswerContextAsync()
    {
        if (!_context.Wake.IsCompleted || _inFlight.Count > 0)
        {
            return;
        }

        var drains = _context.TakeDrains();
        try
        {
            if (drains.Count > 0 && MayCommit)
            {
                await CommitAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            foreach (var drain in drains)
            {
                drain.TrySetResult();
            }
        }
    }
}
