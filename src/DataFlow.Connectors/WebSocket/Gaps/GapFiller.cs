using System.IO.Hashing;
using System.Text;
using DataFlow.Formats;
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

    // In sizes of what is remembered: a gap that fails for days must not gather the keys of all messages since then.
    private const int MostKnown = 4;

    private readonly Lock _gate = new();
    private readonly SourceSettings _settings;
    private readonly GapFillOptions _options;
    private readonly SourceContext _context;
    private readonly WebSocketMetrics _metrics;
    private readonly ILogger _logger;
    private readonly ReconnectPauses _pauses;
    private readonly RecordIdentity _identity;
    private readonly JsonPath _messageKey;
    private readonly ApiRecordValue _recordKey;
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GapFillState _state;
    private SourceGap? _gap;
    private IAsyncEnumerator<RecordBatch>? _batches;

    public GapFiller(SourceSettings settings, WebSocketSourceOptions options, SourceContext context, WebSocketMetrics metrics, GapFillState start)
    {
        (_settings, _options, _context, _metrics, _state) = (settings, options.OnGap!, context, metrics, start);
        _logger = context.Logger;
        _pauses = new ReconnectPauses(options, Random.Shared);
        _identity = new RecordIdentity($"websocket-gap:{HttpAddress.Show(_options.Connection)}", WebSocketSourceConnector.Split);
        _messageKey = JsonPath.Parse(_options.MessageKey ?? _options.DeduplicateBy);
        _recordKey = new ApiRecordValue(_options.DeduplicateBy);
        _metrics.GapsToFill = start.Gaps.Count(gap => !gap.IsFilled);
    }

    /// <summary>For the position of what was handed on so far.</summary>
    public GapFillState State
    {
        get { lock (_gate) { return _state; } }
    }

    /// <summary>Notices the gaps among the messages of a batch that is about to be handed on, and remembers the others' keys.</summary>
    public void Follow(RecordBatch batch)
    {
        var keys = new List<long>();
        var gaps = new List<SourceGap>();
        for (var at = 0; at < batch.Length;)
        {
            ref readonly var frame = ref MessageFrame.At(batch.Data, at);
            var message = batch.Data.AsSpan(at + MessageFrame.Size, frame.Length);
            if (frame.Kind == MessageKind.Gap)
            {
                gaps.Add(SourceGap.Parse(Encoding.UTF8.GetString(message)));
            }
            else if (frame.Kind != MessageKind.TooLong && _messageKey.TryFind(message, out var start, out var length))
            {
                var key = message.Slice(start, length);
                keys.Add(HashOf(key.Contains((byte)'\\') ? Encoding.UTF8.GetBytes(MessageFrame.CursorText(key)) : key));
            }

            at += MessageFrame.Size + frame.Length;
        }

        lock (_gate)
        {
            long[] added = [.. keys];
            _state = _state.With(added, _options.Remember) with { Gaps = [.. _state.Gaps.Select(gap => gap.Add(added))] };
            gaps.ForEach(Open);
        }
    }

    /// <summary>The next batch that an API gives for a gap, as it came; waits until there is one. Null after the end.</summary>
    public async Task<RecordBatch?> NextAsync()
    {
        while (true)
        {
            try
            {
                _batches ??= await BeginAsync().ConfigureAwait(false);
                if (await _batches.MoveNextAsync().ConfigureAwait(false))
                {
                    return _batches.Current;
                }

                await EndAsync().ConfigureAwait(false);
                _stop.Token.ThrowIfCancellationRequested();
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception failure)
            {
                await EndAsync().ConfigureAwait(false);
                await FailedAsync(failure).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Makes a batch of <see cref="NextAsync"/> one of the stream's: without what is known, and with the gap's own positions.</summary>
    public void Take(RecordBatch batch)
    {
        var position = batch.TakeAdvances() is [.., var advance] ? (ApiPosition)advance.Position : null;
        lock (_gate)
        {
            var index = _state.Gaps.FindIndex(gap => gap.Gap == _gap);
            var gap = Deduplicate(batch, _state.Gaps[index], out var added);
            if (position is not null)
            {
                gap = gap with { Position = position, Page = [] };
            }

            _state = _state.With(added, _options.Remember) with { Gaps = _state.Gaps.SetItem(index, gap) };
            if (gap.IsFilled)
            {
                LogFilled(gap.Gap.From, gap.Filled, gap.Gap.Missing);
                _metrics.GapsToFill--;
            }
        }

        _metrics.Filled(batch.RowCount);
        batch.Metadata.Set("gap", $"{_gap!.From.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}");
    }

    /// <summary>Enters gaps as filled into the ledger when that is durable, and forgets them.</summary>
    public async ValueTask EnterAsync(GapFillState durable, CancellationToken ct)
    {
        foreach (var gap in durable.Gaps.Where(gap => gap.IsFilled && State.Gaps.Exists(known => known.Gap == gap.Gap)))
        {
            await _context.ReportGapAsync(gap.Gap with { Filled = gap.Filled }, ct).ConfigureAwait(false);
            lock (_gate)
            {
                _state = _state with { Gaps = _state.Gaps.RemoveAll(known => known.Gap == gap.Gap) };
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

    private static long HashOf(ReadOnlySpan<byte> key) => (long)XxHash3.HashToUInt64(key);

    private void Open(SourceGap gap)
    {
        if (gap.Missing == 0)
        {
            return;
        }

        if (!GapRequest.CanAsk(_options, gap))
        {
            LogNotAsked(gap.From, "it has no sequence number before it");
        }
        else if (_state.Gaps.Count >= MostGaps)
        {
            LogNotAsked(gap.From, $"{MostGaps} others wait already");
        }
        else
        {
            _state = _state with { Gaps = _state.Gaps.Add(new OpenGap(gap, [.. _state.Recent.SelectMany(keys => keys)], _options.Remember)) };
            _metrics.GapsToFill++;
            _opened.TrySetResult();
            _opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private async Task<IAsyncEnumerator<RecordBatch>> BeginAsync()
    {
        var gap = await FirstAsync().ConfigureAwait(false);
        if (gap.Gap.To + _options.Margin - _context.Time.GetUtcNow() is var wait && wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, _context.Time, _stop.Token).ConfigureAwait(false);
        }

        lock (_gate)
        {
            // What filled the gap before this one may lie beside it too.
            var index = _state.Gaps.FindIndex(open => open.Gap == gap.Gap);
            gap = _state.Gaps[index];
            if (gap.Known.Count < MostKnown * _options.Remember)
            {
                gap = gap with { Known = gap.Known.Union(_state.Recent.SelectMany(keys => keys)) };
                _state = _state with { Gaps = _state.Gaps.SetItem(index, gap) };
            }

            _gap = gap.Gap;
        }

        var source = new ApiSourceConnector(GapRequest.For(_settings, _options, gap.Gap));
        return source.ReadAsync(new GapFillContext(_context, gap.Gap, gap.Position), _stop.Token).GetAsyncEnumerator(CancellationToken.None);
    }

    private async Task<OpenGap> FirstAsync()
    {
        while (true)
        {
            Task opened;
            lock (_gate)
            {
                if (_state.Gaps.Find(gap => !gap.IsFilled) is { } first)
                {
                    return first;
                }

                opened = _opened.Task;
            }

            await opened.WaitAsync(_stop.Token).ConfigureAwait(false);
        }
    }

    private async ValueTask EndAsync()
    {
        if (_batches is { } batches)
        {
            _batches = null;
            await batches.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Another gap comes first now: one that can't be filled must not keep the others from it.</summary>
    private async Task FailedAsync(Exception failure)
    {
        lock (_gate)
        {
            if (_state.Gaps.Find(gap => gap.Gap == _gap) is { } failed)
            {
                _state = _state with { Gaps = _state.Gaps.Remove(failed).Add(failed) };
            }
        }

        var pause = _pauses.Next(serverRestarts: false);
        if (failure is ConnectorException { Retry.NotBefore: var moment } && moment - _context.Time.GetUtcNow() is var asked && asked > pause)
        {
            pause = asked;
        }

        LogFailed(_gap!.From, pause.TotalSeconds, failure.Message);
        _context.Report(SourceHealth.Waiting, $"The gap since {_gap.From:u} is not filled yet: {failure.Message}");
        await Task.Delay(pause, _context.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private OpenGap Deduplicate(RecordBatch batch, OpenGap gap, out long[] added)
    {
        batch.Identity = _identity;
        var page = gap.Page.ToBuilder();
        var removed = new bool[batch.RowCount];
        var keys = new List<long>();
        for (var row = 0; row < removed.Length; row++)
        {
            if (_recordKey.Of(batch, row) is not { } key)
            {
                // Nothing tells whether it is known: it may come twice, and is never left out.
                batch.CountOutcome("no-key");
                continue;
            }

            var hash = HashOf(Encoding.UTF8.GetBytes(key));
            batch.SetPosition(row, hash);
            removed[row] = gap.Known.Contains(hash) || !page.Add(hash);
            if (!removed[row])
            {
                keys.Add(hash);
            }
        }

        batch.Deduplicated = removed.Count(isRemoved => isRemoved);
        if (batch.Deduplicated > 0)
        {
            batch.RemoveRows(removed);
        }

        added = [.. keys];
        return gap with { Page = page.ToImmutable(), Filled = gap.Filled + batch.RowCount + batch.Errors.Count };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Gap since {From:u} filled: {Records} records, {Missing} were missing")]
    private partial void LogFilled(DateTimeOffset from, long records, long? missing);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Gap since {From:u} is not filled (on-gap): {Reason}")]
    private partial void LogNotAsked(DateTimeOffset from, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Gap since {From:u} is not filled yet (on-gap), tried again in {Seconds:0.0} s: {Reason}")]
    private partial void LogFailed(DateTimeOffset from, double seconds, string reason);
}
