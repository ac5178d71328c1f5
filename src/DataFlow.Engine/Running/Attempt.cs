using System.Runtime.ExceptionServices;
using DataFlow.Engine.State;
using DataFlow.Engine.Telemetry;

namespace DataFlow.Engine;

/// <summary>
/// One attempt to move records from source to sink. A single loop reads, writes and commits, in order; workers only parse,
/// transform and encode. A write or commit that fails voids everything since the last commit and ends the attempt.
/// </summary>
internal sealed partial class Attempt : IAsyncDisposable
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan SourceEndLimit = TimeSpan.FromSeconds(5);

    private readonly PipelineSpec _spec;
    private readonly IStateStore _store;
    private readonly RunProgress _progress;
    private readonly KeptBatches _kept;
    private readonly EngineServices _services;
    private readonly AttemptContext _context;
    private readonly ConnectionLog _connectionLog;
    private readonly Queue<InFlightBatch> _inFlight = new();
    private readonly PendingCommit _pending;
    private readonly CancellationTokenSource _stopReading = new();
    private readonly ISource _source;
    private readonly ISink _sink;
    private IAsyncEnumerator<RecordBatch>? _batches;
    private Task<bool>? _moving;
    private bool _isExhausted;
    private bool _ended;
    private Exception? _failure;
    private long _inFlightBytes;

    public Attempt(
        PipelineSpec spec, string sourceId, IStateStore store, Checkpoint start, RunProgress progress, KeptBatches kept, EngineServices services)
    {
        _spec = spec;
        _store = store;
        _progress = progress;
        _kept = kept;
        _services = services;
        _checkpoint = start;
        _pending = new PendingCommit(spec.IsReplay);
        _source = spec.CreateSource();
        _sink = spec.CreateSink();
        _connectionLog = new ConnectionLog(services.Logger, sourceId);
        _context = new AttemptContext(spec, sourceId, start, progress, services.Pool, services.Time, services.Logger)
        {
            OnConnectionError = error =>
            {
                services.Metrics.CountConnectionError();
                _connectionLog.Say(error);
            },
            OnGap = (gap, ct) => store.AddHistoryAsync(spec.PipelineId, HistoryEvent.Gap, spec.Owner, gap.ToString(), ct),
        };
    }

    /// <summary>The state as of the last commit.</summary>
    public Checkpoint Checkpoint => _checkpoint;

    /// <summary>True once records were committed: the next failure is a new one, not the same again.</summary>
    public bool MadeProgress { get; private set; }

    /// <summary>Runs until the source has ended, by itself or because of <paramref name="stop"/>, and all of it is committed.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        // What can't be read again is delivered even when the stop comes first.
        await OpenAsync(_kept.IsEmpty ? stop : CancellationToken.None).ConfigureAwait(false);
        foreach (var again in _kept.TakeAll())
        {
            _context.Holds(again.Batch.Advances);
            Enqueue(again);
        }

        using var forward = stop.Register(static source => ((CancellationTokenSource)source!).Cancel(), _stopReading);
        using var ended = new CancellationTokenSource();
        var deadline = DeadlineAsync(stop, ended.Token);
        _batches = _source.ReadAsync(_context, _stopReading.Token).GetAsyncEnumerator(CancellationToken.None);
        _progress.Attach(_source as IBacklogSource);
        _progress.Enter(RunState.Running);
        try
        {
            while (!_ended || _inFlight.Count > 0)
            {
                if (deadline.IsCompleted && !_ended)
                {
                    Fail(ConnectorException.External(
                        $"The source did not end within {DrainLimit.TotalSeconds:0} s of the stop. What it had read until then is committed."));
                }

                await GiveUpLostAsync().ConfigureAwait(false);
                await WriteReadyAsync().ConfigureAwait(false);
                await AnswerContextAsync().ConfigureAwait(false);
                if (CommitIsDue)
                {
                    await CommitAsync().ConfigureAwait(false);
                }

                if (!TryTakeNext() && !HeadIsReady && (!_ended || _inFlight.Count > 0))
                {
                    await WaitAsync(deadline).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
        }

        if (MayCommit || (_failure is null && !stop.IsCancellationRequested))
        {
            await CommitAsync().ConfigureAwait(false);
        }

        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    /// <summary>Frees source and sink, and gives back what was in flight.</summary>
    public async ValueTask DisposeAsync()
    {
        _progress.Attach(null);
        _progress.Holds(batches: 0, bytes: 0);
        _context.Close();
        while (_inFlight.TryDequeue(out var batch))
        {
            await batch.Processing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _kept.Unwritten(batch);
        }

        // One that fails to clean up must not keep the others from it, nor hide why the attempt has ended.
        if (await CleanUpAsync(EndReadingAsync).ConfigureAwait(false))
        {
            await CleanUpAsync(() => _source.DisposeAsync().AsTask()).ConfigureAwait(false);
        }

        await CleanUpAsync(() => _sink.DisposeAsync().AsTask()).ConfigureAwait(false);
        await _connectionLog.EndAsync().ConfigureAwait(false);
        _stopReading.Dispose();
    }

    private async Task<bool> CleanUpAsync(Func<Task> cleanUp)
    {
        try
        {
            await cleanUp().ConfigureAwait(false);
            return true;
        }
        catch (Exception failure)
        {
            _services.Logger.CleanUpFailed(failure, _spec.PipelineId, failure.Message);
            return false;
        }
    }

    private async Task EndReadingAsync()
    {
        await _stopReading.CancelAsync().ConfigureAwait(false);
        if (_batches is null)
        {
            return;
        }

        using var ended = new CancellationTokenSource();
        var limit = Task.Delay(SourceEndLimit, _services.Time, ended.Token);
        while (_moving is not null || (_kept.Keeps && !_isExhausted))
        {
            // A source that can't replay may hold what nobody has seen yet: it is read to its end.
            _moving ??= _batches.MoveNextAsync().AsTask();
            await Task.WhenAny(_moving, limit).ConfigureAwait(false);
            if (!_moving.IsCompleted)
            {
                // Disposing an iterator whose MoveNext is pending throws; a source that ignores its stop is left alone.
                throw new TimeoutException($"The source ignored its stop for {SourceEndLimit.TotalSeconds:0} s.");
            }

            if (_moving is not { IsCompletedSuccessfully: true, Result: true } || limit.IsCompleted)
            {
                break;
            }

            _kept.Unwritten(new InFlightBatch(_batches.Current, _services.Time.GetTimestamp()));
            _moving = null;
        }

        await ended.CancelAsync().ConfigureAwait(false);
        await _batches.DisposeAsync().ConfigureAwait(false);
    }

    private bool HeadIsReady => _inFlight.TryPeek(out var head) && head.Processing.IsCompleted;

    /// <summary>Reading waits while workers are busy enough or the byte credit is used up.</summary>
    private bool HasRoom => _inFlight.Count < _spec.Workers * 2 && (_inFlightBytes < _spec.InFlightBytes || _inFlight.Count == 0);

    /// <summary>Takes the next batch if there is one right now; true when it is worth looking again at once.</summary>
    private bool TryTakeNext()
    {
        // While the source waits for a drain, only what it has yielded already is taken.
        if (_ended || !HasRoom || (_context.Wake.IsCompleted && _moving is not { IsCompleted: true }))
        {
            return false;
        }

        try
        {
            bool moved;
            if (_moving is null)
            {
                var move = _batches!.MoveNextAsync();
                if (!move.IsCompleted)
                {
                    _moving = move.AsTask();
                    return false;
                }

                moved = move.GetAwaiter().GetResult();
            }
            else if (_moving.IsCompleted)
            {
                var move = _moving;
                _moving = null;
                moved = move.GetAwaiter().GetResult();
            }
            else
            {
                return false;
            }

            if (moved)
            {
                Enqueue(new InFlightBatch(_batches!.Current, _services.Time.GetTimestamp()));
            }
            else
            {
                _ended = _isExhausted = true;
            }
        }
        catch (Exception failure)
        {
            _isExhausted = true;
            // What was yielded before is good: it is written and committed first.
            if (failure is ConnectorException { Owner: FaultOwner.External })
            {
                _services.Metrics.CountConnectionError();
            }

            Fail(failure);
        }

        return true;
    }

    private void Enqueue(InFlightBatch batch)
    {
        _inFlightBytes += batch.Footprint;
        var sink = _sink as IParallelSink;
        if (_spec.Workers > 1)
        {
            batch.Processing = Task.Run(() => batch.Process(_spec.Transforms, sink));
        }
        else
        {
            try
            {
                batch.Process(_spec.Transforms, sink);
            }
            catch (Exception failure)
            {
                batch.Processing = Task.FromException(failure);
            }
        }

        _inFlight.Enqueue(batch);
        _progress.Holds(_inFlight.Count, _inFlightBytes);
    }

    private void Fail(Exception failure)
    {
        _failure ??= failure;
        _ended = true;
    }

    private async Task WaitAsync(Task deadline)
    {
        var waits = new List<Task>(5);
        if (!_ended && _moving is not null)
        {
            waits.Add(_moving);
            waits.Add(deadline);
        }

        if (_inFlight.TryPeek(out var head))
        {
            waits.Add(head.Processing);
        }
        else
        {
            waits.Add(_context.Wake);
        }

        using var timer = new CancellationTokenSource();
        if (!_pending.IsEmpty && MayCommit)
        {
            waits.Add(Task.Delay(TimeToCommit, _services.Time, timer.Token));
        }

        _services.Metrics.Waits.Begin(_inFlight.Count > 0 ? WaitsFor.Workers : WaitsFor.Source);
        await Task.WhenAny(waits).ConfigureAwait(false);
        _services.Metrics.Waits.End();

        // At once and here: CancelAsync would hand this to another thread, for each batch of a source that waits.
        timer.Cancel();
    }

    private async Task DeadlineAsync(CancellationToken stop, CancellationToken ended)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, ended);
        await Task.Delay(Timeout.InfiniteTimeSpan, _services.Time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(DrainLimit, _services.Time, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
