using DataFlow.Engine.State;
using DataFlow.Engine.Telemetry;

namespace DataFlow.Engine;

/// <content>Opening the sink and agreeing with it on the checkpoint to go on from.</content>
internal sealed partial class Attempt
{
    private async Task OpenAsync(CancellationToken stop)
    {
        if (await OpenSinkAsync(stop).ConfigureAwait(false) is { } held)
        {
            await FollowAsync(held, stop).ConfigureAwait(false);
        }

        ThrowIfDeadLettersAreTooMany();
        await _store.DeadLetters.DeleteAboveAsync(_spec.PipelineId, CommitStamp.Of(_checkpoint), stop).ConfigureAwait(false);
        _progress.StartAttempt(_checkpoint.Splits);
        _services.Metrics.StartAt(_checkpoint.Splits.Values.Sum(split => split.Offset));
        if (_checkpoint.Sequence == 0)
        {
            // The sink's target is ours from here on: what a crash leaves in it before the next commit can be told from
            // somebody else's file.
            await CommitAsync(always: true).ConfigureAwait(false);
        }

        _lastCommit = _services.Time.GetTimestamp();
    }

    private async Task<Checkpoint?> OpenSinkAsync(CancellationToken stop)
    {
        var held = await _sink.OpenAsync(SinkContext(), stop).ConfigureAwait(false);
        if (held is null || held.Epoch <= _checkpoint.Epoch)
        {
            return held;
        }

        // The target knows later runs than the state does: the state folder was lost, or is an older copy.
        var raised = held.Epoch + 1;
        if (!await _store.RaiseEpochAsync(_spec.PipelineId, _checkpoint.Epoch, raised, stop).ConfigureAwait(false))
        {
            throw Fenced();
        }

        _checkpoint = _checkpoint with { Epoch = raised };
        return await _sink.OpenAsync(SinkContext(), stop).ConfigureAwait(false);
    }

    private bool StartsOver => _checkpoint.Sequence == 0 && _checkpoint.Splits.Count == 0;

    private SinkContext SinkContext() => new()
    {
        PipelineId = _spec.PipelineId,
        Generation = _checkpoint.Generation,
        Epoch = _checkpoint.Epoch,
        State = StartsOver && !_spec.SourceStartsOver ? null : _checkpoint.SinkState,
        StartsOver = StartsOver,
        Time = _services.Time,
        Pool = _services.Pool,
        Logger = _services.Logger,
    };

    /// <summary>The checkpoint that a sink holds itself is the authority; ours is a copy, which may have missed the last reply.</summary>
    private async Task FollowAsync(Checkpoint held, CancellationToken stop)
    {
        _sinkKnowsSplits = held.Generation >= _checkpoint.Generation;
        if (!CommitRules.Overrules(CommitStamp.Of(held), CommitStamp.Of(_checkpoint)))
        {
            return;
        }

        var (letters, splits) = ReplayedLetters.TakeFrom(held);
        await _store.DeadLetters.MarkReplayedAsync(_spec.PipelineId, letters, stop).ConfigureAwait(false);
        var authority = held with { Epoch = _checkpoint.Epoch, Splits = splits };
        if (!await _store.AdoptAsync(_spec.PipelineId, authority.Epoch, authority, stop).ConfigureAwait(false))
        {
            throw Fenced();
        }

        var brought = authority.Counters - _checkpoint.Counters;
        if (held.Epoch == _checkpoint.Epoch)
        {
            _progress.CommittedUnseen(brought);
            _services.Metrics.CountCommit(brought, authority.Counters, splits.Values.Sum(split => split.Offset));
            MadeProgress = brought != default;
        }
        else
        {
            _progress.AddBefore(brought);
        }

        if (authority.Generation == _checkpoint.Generation && authority.Sequence < _checkpoint.Sequence)
        {
            _services.Logger.SinkIsBehind(_spec.PipelineId, authority.Generation, authority.Sequence, _checkpoint.Sequence);
        }
        else
        {
            _services.Logger.SinkCheckpointAdopted(_spec.PipelineId, authority.Generation, authority.Sequence);
            _kept.Committed();
        }

        _checkpoint = authority;
        _context.StartAt(splits);
    }
}
