using System.Net.WebSockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Keeps a connection open and moves its messages into the queue, until it is stopped or can't go on: connects, subscribes,
/// receives, and connects again.
/// </summary>
internal sealed partial class StreamReceiver(
    SourceSettings settings, WebSocketSourceOptions options, SourceContext context, IMessageQueue queue, WebSocketMetrics metrics, StreamHealth health)
{
    private readonly Handshake _handshake = new(settings, options);
    private readonly ReconnectPauses _pauses = new(options, Random.Shared);
    private readonly GapLedger _ledger = new(options, queue.Start);
    private readonly MessageFacts _facts = new(
        options, isResumable: !options.Journal && WebSocketAddress.ResumesFromCursor(settings.Connection, options));

    private readonly ILogger _logger = context.Logger;
    private long _number = queue.Start.Number;
    private DateTimeOffset? _heardUpTo = queue.Start.HeardUpTo;
    private string? _cursor = queue.Start.Cursor;
    private byte[] _newCursor = [];
    private int _newCursorLength = -1;
    private int _repeated;
    private bool _worked;

    /// <summary>Messages that the server has sent again, since this was asked last.</summary>
    public int TakeRepeated() => Interlocked.Exchange(ref _repeated, 0);

    /// <summary>Runs until the stop, which is a normal end. Never throws: what ends it otherwise is the queue's error.</summary>
    /// <param name="stop">No more messages are wanted; what has come is still queued.</param>
    /// <param name="abandoned">Nobody takes messages any more.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken abandoned)
    {
        Exception? error = null;
        try
        {
            await TellLossesAsync(abandoned).ConfigureAwait(false);
            while (!stop.IsCancellationRequested)
            {
                var end = await ConnectAndReceiveAsync(stop, abandoned).ConfigureAwait(false);
                if (!stop.IsCancellationRequested)
                {
                    await PauseAsync(end, stop).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested || abandoned.IsCancellationRequested)
        {
            // Stopped while connecting or waiting.
        }
        catch (Exception failure)
        {
            error = failure;
        }

        try
        {
            await InterruptedAsync(abandoned).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            error ??= failure is OperationCanceledException ? null : failure;
        }

        metrics.IsConnected = false;
        queue.Complete(error);
    }

    private async ValueTask TellLossesAsync(CancellationToken abandoned)
    {
        if (queue.Lost is not { Count: > 0 } lost)
        {
            return;
        }

        foreach (var gap in lost)
        {
            // It comes after messages that are newer, and says nothing about what comes next.
            await MissedAsync(gap, queue.Start.HeardUpTo ?? gap.To, MessageFrame.NoSequence, abandoned).ConfigureAwait(false);
        }

        queue.LostIsKnown();
    }

    /// <summary>
    /// Enters an interruption in which the run ends. The run that ends it begins its own entry where the last message of this one was
    /// heard, and takes the place of this one; so this one begins there too, and is neither counted nor a record.
    /// </summary>
    private async ValueTask InterruptedAsync(CancellationToken abandoned)
    {
        if (!abandoned.IsCancellationRequested && _ledger.Unfinished(_heardUpTo, context.Time.GetUtcNow()) is { } gap)
        {
            LogInterrupted(gap.From, gap.Reason);
            await context.ReportGapAsync(gap, abandoned).ConfigureAwait(false);
        }
    }

    private async Task<ConnectionEnd> ConnectAndReceiveAsync(CancellationToken stop, CancellationToken abandoned)
    {
        var cursor = _cursor ?? options.CursorStart;
        ClientWebSocket socket;
        try
        {
            socket = await _handshake.OpenAsync(cursor, _worked || queue.Start.HeardUpTo is not null, context.Time, stop).ConfigureAwait(false);
        }
        catch (ConnectorException failure) when (failure.Retry.Kind != RetryKind.Never)
        {
            return new ConnectionEnd(failure.Message);
        }

        var connection = new WebSocketConnection(socket, options, context.Time);
        await using var closing = connection.ConfigureAwait(false);
        var opened = context.Time.GetTimestamp();
        try
        {
            await connection.SubscribeAsync(cursor).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Reading tells why the connection has ended, with the code that the server gave.
        }

        await ConnectedAsync(connection, abandoned).ConfigureAwait(false);
        using var leaving = stop.Register(static connection => ((WebSocketConnection)connection!).Leave(), connection);
        await ReceiveAsync(connection, cursor, abandoned).ConfigureAwait(false);
        metrics.IsConnected = false;
        _pauses.Ended(context.Time.GetElapsedTime(opened));
        if (!stop.IsCancellationRequested)
        {
            _ledger.Ended(connection.HeardUpTo, connection.End.Reason);
        }

        return connection.End;
    }

    private async Task ConnectedAsync(WebSocketConnection connection, CancellationToken abandoned)
    {
        if (_worked)
        {
            metrics.Reconnected();
        }

        _worked = true;
        metrics.IsConnected = true;
        health.Connected($"connected to {_handshake.Address}");
        LogConnected(_handshake.Address);
        if (connection.IsSubscribed)
        {
            await SubscribedAsync(connection, abandoned).ConfigureAwait(false);
        }
        else
        {
            // Until the server has answered, it sends nothing.
            connection.Subscribed = () => SubscribedAsync(connection, abandoned);
        }
    }

    private async ValueTask SubscribedAsync(WebSocketConnection connection, CancellationToken abandoned)
    {
        if (_ledger.Connected(context.Time.GetUtcNow()) is { } gap)
        {
            await MissedAsync(gap, connection.HeardUpTo, abandoned).ConfigureAwait(false);
        }
    }

    private async Task ReceiveAsync(WebSocketConnection connection, string resumedFrom, CancellationToken abandoned)
    {
        var isFirst = options.CursorInclusive && _cursor is not null;
        while (await connection.ReadAsync().ConfigureAwait(false))
        {
            var now = context.Time.GetUtcNow();
            var frame = _facts.Of(connection.Message.Span, connection.Kind, _number + 1, now, connection.HeardUpTo);
            Note(connection.Message.Span, now);
            isFirst = isFirst && (frame.CursorLength < 0
                || MessageFrame.CursorText(connection.Message.Span.Slice(frame.CursorStart, frame.CursorLength)) == resumedFrom);
            if (isFirst && frame.CursorLength >= 0)
            {
                Interlocked.Increment(ref _repeated);
                continue;
            }

            if (_ledger.Follow(frame.Sequence == MessageFrame.NoSequence ? null : frame.Sequence, now, connection.HeardUpTo) is { } gap)
            {
                await MissedAsync(gap, connection.HeardUpTo, abandoned).ConfigureAwait(false);

                // The gap may have taken the number.
                frame = _facts.Of(connection.Message.Span, connection.Kind, _number + 1, now, connection.HeardUpTo);
            }

            KeepCursor(in frame, connection.Message.Span);
            await AddAsync(frame, connection.Message, abandoned).ConfigureAwait(false);
        }

        if (_newCursorLength >= 0)
        {
            _cursor = MessageFrame.CursorText(_newCursor.AsSpan(0, _newCursorLength));
        }
    }

    private ValueTask AddAsync(MessageFrame frame, ReadOnlyMemory<byte> message, CancellationToken abandoned)
    {
        _number++;
        _heardUpTo = DateTimeOffset.FromUnixTimeMilliseconds(frame.HeardUpTo);
        return queue.AddAsync(frame, message, abandoned);
    }

    /// <summary>Kept as bytes, because only the last one before the end of a connection is ever needed.</summary>
    private void KeepCursor(in MessageFrame frame, ReadOnlySpan<byte> message)
    {
        if (frame.CursorLength < 0)
        {
            return;
        }

        if (_newCursor.Length < frame.CursorLength)
        {
            _newCursor = new byte[frame.CursorLength * 2];
        }

        message.Slice(frame.CursorStart, frame.CursorLength).CopyTo(_newCursor);
        _newCursorLength = frame.CursorLength;
    }

    private void Note(ReadOnlySpan<byte> message, DateTimeOffset now)
    {
        metrics.Received(message.Length, now);
        if (_facts.LatencyOf(message, now) is { } latency)
        {
            metrics.Took(latency);
        }
    }

    /// <summary>With its record the sequence numbers up to the next message are accounted for.</summary>
    private ValueTask MissedAsync(SourceGap gap, DateTimeOffset heardUpTo, CancellationToken abandoned) =>
        MissedAsync(gap, heardUpTo, gap.Next - 1 ?? MessageFrame.NoSequence, abandoned);

    private async ValueTask MissedAsync(SourceGap gap, DateTimeOffset heardUpTo, long sequence, CancellationToken abandoned)
    {
        metrics.Missed(gap);
        LogGap((gap.To - gap.From).TotalSeconds, gap.From, gap.Missing is { } missing ? $"{missing} messages are missing" : "what is missing is not known", gap.Reason);
        await context.ReportGapAsync(gap, abandoned).ConfigureAwait(false);
        if (options.GapRecords || options.OnGap is not null)
        {
            var message = Encoding.UTF8.GetBytes(string.Concat("{\"type\":\"gap\",", gap.ToString().AsSpan(1)));
            var frame = _facts.Of(message, MessageKind.Gap, _number + 1, gap.To, heardUpTo);
            frame.Sequence = sequence;
            await AddAsync(frame, message, abandoned).ConfigureAwait(false);
        }
    }

    private async Task PauseAsync(ConnectionEnd end, CancellationToken stop)
    {
        if (end.IsFinal)
        {
            throw ConnectorException.User(end.Reason);
        }

        if (_pauses.AreUsedUp)
        {
            throw new ConnectorException(
                $"Gave up after {_pauses.Count} reconnections in a row (reconnect-max-restarts). The last cause: {end.Reason}",
                FaultOwner.External,
                RetryAdvice.Never);
        }

        var pause = _pauses.Next(end.ServerRestarts);
        health.Lost(end.Reason, $"{end.Reason} Reconnection {_pauses.Count} in {pause.TotalSeconds:0.0} s.");
        await Task.Delay(pause, context.Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to {Address}")]
    private partial void LogConnected(string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The run ends in a gap that began at {From:u}. {Reason}")]
    private partial void LogInterrupted(DateTimeOffset from, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Gap of {Seconds:0.0} s since {From:u}: {Missing}. {Reason}")]
    private partial void LogGap(double seconds, DateTimeOffset from, string missing, string reason);
}
