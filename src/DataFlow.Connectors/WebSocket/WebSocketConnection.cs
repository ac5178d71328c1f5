using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>
/// One connection: puts messages together, sends what was asked for, notices when nobody is there any more. One reader at a time.
/// A receive is never cancelled, because that would end the connection with whatever had arrived.
/// </summary>
internal sealed class WebSocketConnection : IAsyncDisposable
{
    /// <summary>A message of so many times the longest length never ends.</summary>
    private const int EndlessFactor = 16;

    private const int FirstBuffer = 16 << 10;
    private const int LargestKeptBuffer = 1 << 20;
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(2);

    private readonly WebSocket _socket;
    private readonly WebSocketSourceOptions _options;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _watching;
    private byte[] _buffer = new byte[FirstBuffer];
    private readonly byte[]? _pong;
    private readonly TimeSpan? _deafFor;
    private byte[]? _answer;
    private long _waitingSince;
    private long _pingSent;
    private int _unanswered;
    private long _answerDue;
    private string? _givenUp;
    private bool _isListening;
    private Task _farewell = Task.CompletedTask;

    public WebSocketConnection(WebSocket socket, WebSocketSourceOptions options, TimeProvider time)
    {
        (_socket, _options, _time) = (socket, options, time);
        _pong = options.PongMessage.Length > 0 ? Encoding.UTF8.GetBytes(options.PongMessage) : null;
        _answer = options.SubscribeExpect.Length > 0 ? Encoding.UTF8.GetBytes(options.SubscribeExpect) : null;
        _answerDue = _answer is null ? 0 : After(options.SubscribeTimeout);
        HeardUpTo = time.GetUtcNow();
        _deafFor = options.HeartbeatInterval > TimeSpan.Zero ? LongestDeafness(options.HeartbeatInterval, options.HeartbeatTimeout) : null;
        _watching = options.IdleTimeout > TimeSpan.Zero || options.PingMessage.Length > 0 || _answer is not null ? WatchAsync() : Task.CompletedTask;
    }

    /// <summary>Why <see cref="ReadAsync"/> gave no message.</summary>
    public ConnectionEnd End { get; private set; } = new("The connection is open.");

    /// <summary>The last message; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Message { get; private set; }

    /// <summary>What the last message is.</summary>
    public MessageKind Kind { get; private set; }

    /// <summary>
    /// Everything that had come up to this moment has been read, the last message included: nothing else was waiting. While messages
    /// are read later than they come, because nobody has asked for them, it stays behind.
    /// </summary>
    public DateTimeOffset HeardUpTo { get; private set; }

    /// <summary>No answer to the subscription is waited for, or it has come.</summary>
    public bool IsSubscribed => _answer is null;

    /// <summary>Called by <see cref="ReadAsync"/> when the answer to the subscription has come.</summary>
    public Func<ValueTask>? Subscribed { get; set; }

    /// <summary>Sends what subscribes to the stream.</summary>
    /// <exception cref="WebSocketException">The connection has ended.</exception>
    public async Task SubscribeAsync(string cursor)
    {
        var escaped = JsonEncodedText.Encode(cursor).ToString();
        foreach (var message in _options.Subscribe)
        {
            await SendAsync(
                message.Replace(WebSocketOptionRules.CursorPlaceholder, escaped, StringComparison.Ordinal),
                _options.SubscribeAs == SentAs.Text ? WebSocketMessageType.Text : WebSocketMessageType.Binary).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the next message that is a record; answers to what was sent are not.</summary>
    /// <returns>False when the connection has ended: see <see cref="End"/>.</returns>
    public async ValueTask<bool> ReadAsync()
    {
        while (true)
        {
            try
            {
                if (!await ReceiveAsync().ConfigureAwait(false))
                {
                    break;
                }
            }
            catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
            {
                End = new ConnectionEnd(_givenUp ?? Describe(failure));
                break;
            }

            var wasSubscribed = IsSubscribed;
            if (!IsAnswer(Message.Span))
            {
                return true;
            }

            if (!wasSubscribed && IsSubscribed && Subscribed is { } subscribed)
            {
                await subscribed().ConfigureAwait(false);
            }
        }

        if (_isListening && _deafFor is { } deaf && _time.GetUtcNow() - deaf is var alive && alive > HeardUpTo)
        {
            // It waited for a message with pings being answered: a dead connection is noticed late, but not later than that.
            HeardUpTo = alive;
        }

        return false;
    }

    /// <summary>Says goodbye: what the server has sent until it answers is still read. Gives up waiting for that after a while.</summary>
    public void Leave() => _farewell = FarewellAsync(WebSocketCloseStatus.NormalClosure);

    /// <summary>Ends the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        _socket.Abort();
        await _watching.ConfigureAwait(false);
        await _farewell.ConfigureAwait(false);
        _socket.Dispose();
        _closing.Dispose();
        _sending.Dispose();
    }

    private async ValueTask<bool> ReceiveAsync()
    {
        if (_buffer.Length > LargestKeptBuffer)
        {
            _buffer = new byte[FirstBuffer];
        }

        var (length, total, isLong) = (0, 0L, false);
        while (true)
        {
            if (_buffer.Length - length < FirstBuffer / 4)
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }

            var receive = _socket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None);
            var waits = !receive.IsCompleted;
            if (waits)
            {
                Waits(isBetweenMessages: total == 0);
            }

            var received = await receive.ConfigureAwait(false);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                End = ConnectionEnd.Of((int?)_socket.CloseStatus, _socket.CloseStatusDescription, _options);
                return false;
            }

            if (waits)
            {
                Came();
            }

            total += received.Count;
            length += received.Count;
            if (total > _options.MaxMessageBytes.Bytes)
            {
                isLong = true;
                length = Math.Min(length, RecordError.MaxRawBytes);
                if (_options.OnLongMessage == LongMessagePolicy.Close || total > _options.MaxMessageBytes.Bytes * EndlessFactor)
                {
                    await FarewellAsync(WebSocketCloseStatus.MessageTooBig).ConfigureAwait(false);
                    End = new ConnectionEnd(
                        $"A message reached {total} bytes, more than max-message-bytes ({_options.MaxMessageBytes}) allows: the connection was closed with code 1009.");
                    return false;
                }
            }

            if (received.EndOfMessage)
            {
                Message = _buffer.AsMemory(0, length);
                Kind = isLong ? MessageKind.TooLong : received.MessageType == WebSocketMessageType.Binary ? MessageKind.Binary : MessageKind.Text;
                return true;
            }
        }
    }

    private void Waits(bool isBetweenMessages)
    {
        if (_options.IdleTimeout > TimeSpan.Zero)
        {
            Volatile.Write(ref _waitingSince, _time.GetTimestamp());
        }

        if (isBetweenMessages)
        {
            _isListening = true;
            HeardUpTo = _time.GetUtcNow();
        }
    }

    private void Came()
    {
        Volatile.Write(ref _waitingSince, 0);
        if (_isListening)
        {
            _isListening = false;
            HeardUpTo = _time.GetUtcNow();
        }
    }

    private bool IsAnswer(ReadOnlySpan<byte> message)
    {
        if (_answer is not null && message.IndexOf(_answer) >= 0)
        {
            _answer = null;
            Volatile.Write(ref _answerDue, 0);
            return true;
        }

        if (_pong is not null && Volatile.Read(ref _unanswered) > 0 && message.IndexOf(_pong) >= 0)
        {
            Volatile.Write(ref _pingSent, Interlocked.Decrement(ref _unanswered) == 0 ? 0 : _time.GetTimestamp());
            return true;
        }

        return false;
    }

    private async Task WatchAsync()
    {
        var nextPing = _options.PingMessage.Length > 0 ? After(_options.HeartbeatInterval) : 0;
        while (!_closing.IsCancellationRequested)
        {
            await Task.Delay(Pause(nextPing), _time, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_closing.IsCancellationRequested)
            {
                return;
            }

            var now = _time.GetTimestamp();
            if (IsDue(Volatile.Read(ref _answerDue), now))
            {
                GiveUp($"The server did not answer the subscription with '{_options.SubscribeExpect}' within {_options.SubscribeTimeout.TotalSeconds:0.###} s.");
            }
            else if (_pong is not null && IsDue(AfterOrNever(ref _pingSent, _options.HeartbeatTimeout), now))
            {
                GiveUp($"The server did not answer the ping message within {_options.HeartbeatTimeout.TotalSeconds:0.###} s.");
            }
            else if (_options.IdleTimeout > TimeSpan.Zero && IsDue(AfterOrNever(ref _waitingSince, _options.IdleTimeout), now))
            {
                GiveUp($"No message came within {_options.IdleTimeout.TotalSeconds:0.###} s (idle-timeout).");
            }
            else if (IsDue(nextPing, now))
            {
                nextPing = After(_options.HeartbeatInterval);
                await PingAsync(now).ConfigureAwait(false);
            }
        }
    }

    private async Task PingAsync(long now)
    {
        try
        {
            if (Interlocked.Increment(ref _unanswered) == 1)
            {
                // The oldest one without an answer counts.
                Volatile.Write(ref _pingSent, now);
            }

            await SendAsync(_options.PingMessage, WebSocketMessageType.Text).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The reader sees the end of the connection too, and says why.
        }
    }

    /// <summary>Time until the next moment that matters; never more than a second past a change that this can't see coming.</summary>
    private TimeSpan Pause(long nextPing)
    {
        var next = new[]
        {
            nextPing,
            Volatile.Read(ref _answerDue),
            _pong is null ? 0 : AfterOrNever(ref _pingSent, _options.HeartbeatTimeout),
            _options.IdleTimeout > TimeSpan.Zero ? AfterOrNever(ref _waitingSince, _options.IdleTimeout) : 0,
        }.Where(moment => moment != 0).DefaultIfEmpty(0).Min();
        var most = TimeSpan.FromSeconds(1);
        var pause = next == 0 ? most : _time.GetElapsedTime(_time.GetTimestamp(), next);
        return pause > most ? most : pause < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : pause;
    }

    private void GiveUp(string reason)
    {
        _givenUp = reason;
        _socket.Abort();
    }

    private async Task SendAsync(string text, WebSocketMessageType type)
    {
        await _sending.WaitAsync(_closing.Token).ConfigureAwait(false);
        try
        {
            await _socket.SendAsync(Encoding.UTF8.GetBytes(text), type, endOfMessage: true, _closing.Token).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task FarewellAsync(WebSocketCloseStatus status)
    {
        using var limit = new CancellationTokenSource(FarewellLimit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _closing.Token);
        try
        {
            await _sending.WaitAsync(either.Token).ConfigureAwait(false);
            try
            {
                await _socket.CloseOutputAsync(status, null, either.Token).ConfigureAwait(false);
            }
            finally
            {
                _sending.Release();
            }

            if (status == WebSocketCloseStatus.NormalClosure)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, _time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // It has ended already.
        }

        _socket.Abort();
    }

    private string Describe(Exception failure) => failure is WebSocketException { WebSocketErrorCode: WebSocketError.Faulted, InnerException: null }
        ? "The server sent what the protocol forbids, such as text that is no valid UTF-8: the connection was closed with code 1007 or 1002."
        : $"The connection was lost: {(failure.InnerException is { } inner ? $"{inner.Message} " : "")}{failure.Message}";

    /// <summary>
    /// From the last sign of life until a dead connection is noticed. The client looks only each quarter of the shorter time, and at
    /// most each second, whether a ping or its answer is due: so each of the two waits can be one such step longer. One more is for
    /// timers that are late.
    /// </summary>
    private static TimeSpan LongestDeafness(TimeSpan interval, TimeSpan timeout)
    {
        var step = TimeSpan.FromSeconds(Math.Max(1, Math.Min(interval.TotalSeconds, timeout.TotalSeconds) / 4));
        return interval + timeout + (3 * step);
    }

    private long After(TimeSpan span) => _time.GetTimestamp() + (long)(span.TotalSeconds * _time.TimestampFrequency);

    private long AfterOrNever(ref long moment, TimeSpan span) =>
        Volatile.Read(ref moment) is > 0 and var set ? set + (long)(span.TotalSeconds * _time.TimestampFrequency) : 0;

    private static bool IsDue(long moment, long now) => moment != 0 && now >= moment;
}
