using System.Text;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Asks an API for what gaps have cost, one gap after the other, while the stream goes on. What fails is tried again for as long as
/// the source runs. <see cref="NextAsync"/> has one caller at a time; the others may be called while it waits.
/// </summary>
internal sealed partial class GapFiller : IAsyncDisposable
{
    /// <summary>More gaps than these are not waited for: state must be bounded. The ledger shows them as not filled.</summary>
    public const int MostGaps = 100;

    /// <summary>Nor is more remembered for them, because all of it is a part of each commit.</summary>
    public const int MostBytes = 256 << 10;

    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly SourceSettings _settings;
    private readonly GapFillOptions _options;
    private readonly SourceContext _context;
    private readonly IMessageQueue _queue;
    private readonly StreamHealth _health;
    private readonly WebSocketMetrics _metrics;
    private readonly ILogger _logger;
    private readonly ReconnectPauses _pauses;
    private readonly RecordIdentity _identity;
    private readonly MessageKeys _keys;
    private readonly bool _keysAreNumbers;
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _followed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GapFillState _state;
    private long _followedTo;
    private readonly List<SourceGap> _givenUp = [];
    private SourceGap? _gap;
    private IAsyncEnumerator<RecordBatch>? _batches;

    public GapFiller(
        SourceSettings settings, WebSocketSourceOptions options, SourceContext context, IMessageQueue queue, StreamHealth health, WebSocketMetrics metrics, WebSocketPosition start)
    {
        (_settings, _options, _context, _queue, _health, _metrics) = (settings, options.OnGap!, context, queue, health, metrics);
        (_state, _followedTo) = (start.Filling ?? GapFillState.Start, start.Place.Number);
        _logger = context.Logger;
        _pauses = new ReconnectPauses(options, Random.Shared);
        _identity = new RecordIdentity($"websocket-gap:{HttpAddress.Show(_options.Connection)}", WebSocketSourceConnector.Split);
        _keys = new MessageKeys(_options);
        _keysAreNumbers = _options.KeyOfMessages == options.SequencePath;
        _metrics.GapsToFill = _state.Unfilled;
        if (!GapRequest.Ends.Any(_options.Asks))
        {
            _logger.Hint("on-gap does not say where a gap ends ({{next}}, {{to}} or {{to-ms}}): what the API gives out from far beyond it comes twice.");
        }
    }

    /// <summary>For the position of what was handed on so far.</summary>
    public GapFillState State
    {
        get { lock (_gate) { return _state; } }
    }

    /// <summary>
    /// Notices the gaps among the messages of a batch that is about to be handed on, and remembers the others' keys. Messages whose
    /// records an API has brought before are marked in the batch's buffer, and counted as deduplicated.
    /// </summary>
    public void Follow(RecordBatch batch)
    {
        var messages = new List<(int At, long? Key, SourceGap? Gap)>();
        var number = 0L;
        for (var at = 0; at < batch.Length;)
        {
            ref readonly var frame = ref MessageFrame.At(batch.Data, at);
            var message = batch.Data.AsSpan(at + MessageFrame.Size, frame.Length);
            if (frame.Kind == MessageKind.Gap)
            {
                messages.Add((at, null, SourceGap.Parse(Encoding.UTF8.GetString(message))));
            }
            else if (frame.Kind != MessageKind.TooLong && _keys.Of(message) is { } key)
            {
                messages.Add((at, key, null));
            }

            number = frame.Number;
            at += MessageFrame.Size + frame.Length;
        }

        lock (_gate)
        {
            Follow(batch, messages);
            _state = _state.Forget(2 * _options.Margin).Bound(MostBytes, _gap, out var givenUp);
            foreach (var gap in givenUp)
            {
                GiveUp(gap, $"more than {new ByteSize(MostBytes)} would have to be remembered for those that wait");
            }

            _metrics.GapsToFill = _state.Unfilled;
            _followedTo = Math.Max(_followedTo, number);
            _followed.TrySetResult();
            _followed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>The next batch that an API gives for a gap, as it came; waits until there is one. Null after the end.</summary>
    public async Task<RecordBatch?> NextAsync()
    {
        try
        {
            while (true)
            {
                var gap = _gap ??= await FirstAsync().ConfigureAwait(false);
                try
                {
                    _batches ??= await BeginAsync(gap).ConfigureAwait(false);
                    if (await _batches.MoveNextAsync().ConfigureAwait(false))
                    {
                        _pauses.StartOver();
                        return _batches.Current;
                    }

                    _stop.Token.ThrowIfCancellationRequested();
                    await EndAsync().ConfigureAwait(false);
                }
                catch (Exception failure) when (!_stop.IsCancellationRequested)
                {
                    await EndAsync().ConfigureAwait(false);
                    await FailedAsync(gap, failure).ConfigureAwait(false);
                }
            }
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // What was asked for last is asked for again by the next run.
            return null;
        }
    }

    /// <summary>Makes a batch of <see cref="NextAsync"/> one of the stream's: without what is known, and with the gap's own positions.</summary>
    public void Take(RecordBatch batch)
    {
        var position = batch.TakeAdvances() is [.., var advance] ? (ApiPosition)advance.Position : null;
        lock (_gate)
        {
            var gap = Deduplicate(batch, _state.Gaps.Find(open => open.Gap == _gap)!);
            if (position is not null)
            {
                gap = gap with { Position = position, Page = [] };
            }

            if (gap.IsFilled)
            {
                gap = gap with { Known = [] };
                LogFilled(gap.Gap.From, gap.Filled, gap.Gap.Missing);
                _metrics.GapsToFill--;
            }

            _state = _state.With(gap);
            batch.Metadata.Set("gap", $"{gap.Gap.From.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}");
        }

        _metrics.Filled(batch.RowCount);
    }

    /// <summary>Enters gaps as filled into the ledger when that is durable.</summary>
    public async ValueTask EnterAsync(GapFillState durable, CancellationToken ct)
    {
        foreach (var gap in TakeGivenUp())
        {
            await _context.ReportGapAsync(gap, ct).ConfigureAwait(false);
        }

        foreach (var gap in durable.Gaps.Where(gap => gap is { IsFilled: true, IsEntered: false }))
        {
            if (!State.Gaps.Exists(known => known.Gap == gap.Gap && !known.IsEntered))
            {
                continue;
            }

            await _context.ReportGapAsync(gap.Gap with { Filled = gap.Filled }, ct).ConfigureAwait(false);
            lock (_gate)
            {
                _state = _state.With(_state.Gaps.Find(known => known.Gap == gap.Gap)! with { IsEntered = true }).Forget(2 * _options.Margin);
            }
        }
    }

    /// <summary>Ends <see cref="NextAsync"/>.</summary>
    public Task StopAsync() => _stop.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await EndAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private void Follow(RecordBatch batch, List<(int At, long? Key, SourceGap? Gap)> messages)
    {
        OpenGap[] filling = [.. _state.Gaps.Where(gap => gap is { Room: > 0, Found.IsEmpty: false })];
        var keys = new List<long>();
        foreach (var (at, key, gap) in messages)
        {
            if (gap is not null)
            {
                // What is remembered before a gap is not to be displaced by what comes after it.
                _state = _state.Follow([.. keys], _options.Remember);
                keys.Clear();
                Open(gap);
            }
            else
            {
                keys.Add(key!.Value);
                if (Array.Exists(filling, open => open.Found.Contains(key.Value)))
                {
                    MessageFrame.LeaveOut(batch, at);
                    batch.Deduplicated++;
                }
            }
        }

        _state = _state.Follow([.. keys], _options.Remember);
    }

    private void Open(SourceGap gap)
    {
        if (gap.Missing == 0)
        {
            return;
        }

        var beginsAnew = _keysAreNumbers && gap.Next <= gap.Last;
        if (beginsAnew)
        {
            _state = _state.ForgetKeys();
        }

        var hindrance = GapRequest.Hindrance(_options, gap)
            ?? (beginsAnew ? "its numbers begin anew and are the keys, so that nothing tells what came already; deduplicate by a key that is never used again" : null)
            ?? (_state.Unfilled >= MostGaps ? $"{MostGaps} others wait already" : null);
        if (hindrance is not null)
        {
            GiveUp(gap, hindrance);
            return;
        }

        _state = _state.Open(gap, _options.Remember);
    }

    private void GiveUp(SourceGap gap, string reason)
    {
        LogNotAsked(gap.From, reason);
        _givenUp.Add(gap with { Unfilled = reason });
    }

    private List<SourceGap> TakeGivenUp()
    {
        lock (_gate)
        {
            List<SourceGap> taken = [.. _givenUp];
            _givenUp.Clear();
            return taken;
        }
    }

    private async Task<SourceGap> FirstAsync()
    {
        while (true)
        {
            Task followed;
            lock (_gate)
            {
                if (_state.Gaps.Find(gap => !gap.IsFilled) is { } first)
                {
                    // From now on it is not given up.
                    return _gap = first.Gap;
                }

                followed = _followed.Task;
            }

            await followed.WaitAsync(_stop.Token).ConfigureAwait(false);
        }
    }

    private async Task<IAsyncEnumerator<RecordBatch>> BeginAsync(SourceGap gap)
    {
        await UntilItIsOverAsync(gap).ConfigureAwait(false);
        var position = State.Gaps.Find(open => open.Gap == gap)!.Position;
        var source = new ApiSourceConnector(GapRequest.For(_settings, _options, gap));
        return source.ReadAsync(new GapFillContext(_context, _health, gap, position), _stop.Token).GetAsyncEnumerator(CancellationToken.None);
    }

    /// <summary>
    /// Waits until the API can have everything, and until the messages that the stream has brought by then are handed on, so that
    /// they are known. A stream that is silent, or interrupted again, has none to wait for; those of one that is read late are
    /// noticed when they come.
    /// </summary>
    private async Task UntilItIsOverAsync(SourceGap gap)
    {
        while (gap.To + (2 * _options.Margin) - _context.Time.GetUtcNow() is var wait && wait > TimeSpan.Zero)
        {
            await Task.Delay(wait < LongestDelay ? wait : LongestDelay, _context.Time, _stop.Token).ConfigureAwait(false);
        }

        for (var last = _queue.Last; ;)
        {
            Task followed;
            lock (_gate)
            {
                if (_followedTo >= last)
                {
                    return;
                }

                followed = _followed.Task;
            }

            await followed.WaitAsync(_stop.Token).ConfigureAwait(false);
        }
    }

    private async ValueTask EndAsync()
    {
        _gap = null;
        if (_batches is { } batches)
        {
            _batches = null;
            await batches.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Another gap comes first now: one that can't be filled must not keep the others from it.</summary>
    private async Task FailedAsync(SourceGap gap, Exception failure)
    {
        lock (_gate)
        {
            if (_state.Gaps.Find(open => open.Gap == gap) is { } failed)
            {
                _state = _state with { Gaps = _state.Gaps.Remove(failed).Add(failed) };
            }
        }

        var pause = _pauses.Next(serverRestarts: false);
        if (failure is ConnectorException { Retry.NotBefore: var moment } && moment - _context.Time.GetUtcNow() is var asked && asked > pause)
        {
            pause = asked < LongestDelay ? asked : LongestDelay;
        }

        LogFailed(gap.From, pause.TotalSeconds, failure.Message);
        _health.Unfilled(gap, failure.Message);
        await Task.Delay(pause, _context.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private OpenGap Deduplicate(RecordBatch batch, OpenGap gap)
    {
        batch.Identity = _identity;
        FoundKeys[] found = [gap.Found, .. _state.Gaps.Where(other => other.Gap != gap.Gap && other.IsBeside(gap, 2 * _options.Margin)).Select(other => other.Found)];
        var page = gap.Page.ToBuilder();
        var removed = new bool[batch.RowCount];
        var keys = new List<long>();
        for (var row = 0; row < removed.Length; row++)
        {
            if (_keys.Of(batch, row) is not { } key)
            {
                // Nothing tells whether it is known: it may come twice, and is never left out.
                batch.CountOutcome("no-key");
                continue;
            }

            batch.SetPosition(row, key);
            removed[row] = gap.Known.Contains(key) || Array.Exists(found, one => one.Contains(key)) || !page.Add(key);
            if (!removed[row])
            {
                keys.Add(key);
            }
        }

        batch.Deduplicated = removed.Count(isRemoved => isRemoved);
        if (batch.Deduplicated > 0)
        {
            batch.RemoveRows(removed);
        }

        return gap with
        {
            Page = page.ToImmutable(),
            Found = gap.Found.Add([.. keys], _options.Remember),
            Filled = gap.Filled + batch.RowCount + batch.Errors.Count,
        };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Gap since {From:u} filled: {Records} records, {Missing} were missing")]
    private partial void LogFilled(DateTimeOffset from, long records, long? missing);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Gap since {From:u} is not filled (on-gap): {Reason}")]
    private partial void LogNotAsked(DateTimeOffset from, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Gap since {From:u} is not filled yet (on-gap), tried again in {Seconds:0.0} s: {Reason}")]
    private partial void LogFailed(DateTimeOffset from, double seconds, string reason);
}
