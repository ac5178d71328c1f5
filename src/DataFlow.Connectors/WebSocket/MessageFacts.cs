using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>Reads out of a message what the stream is followed by: cursor, sequence number, the server's time.</summary>
internal sealed class MessageFacts(WebSocketSourceOptions options, bool isResumable)
{
    private readonly JsonPath? _cursor = PathOf(options.CursorPath);
    private readonly JsonPath? _sequence = PathOf(options.SequencePath);
    private readonly JsonPath? _timestamp = PathOf(options.TimestampPath);

    /// <summary>The frame of a message.</summary>
    /// <param name="message">Its bytes.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="number">Its place in the stream.</param>
    /// <param name="received">When it was read.</param>
    /// <param name="heardUpTo">Everything that came before this moment was read before it.</param>
    public MessageFrame Of(ReadOnlySpan<byte> message, MessageKind kind, long number, DateTimeOffset received, DateTimeOffset heardUpTo)
    {
        var frame = new MessageFrame
        {
            Length = message.Length,
            Kind = kind,
            Number = number,
            Received = received.ToUnixTimeMilliseconds(),
            HeardUpTo = heardUpTo.ToUnixTimeMilliseconds(),
            Sequence = MessageFrame.NoSequence,
            CursorLength = -1,
        };
        // The beginning of a long message is no JSON, and what stands in it may be in another place than in whole messages.
        var isWhole = kind is MessageKind.Text or MessageKind.Binary;
        if (isWhole && _sequence is not null && _sequence.TryFind(message, out var start, out var length)
            && Utf8Parser.TryParse(message.Slice(start, length), out long sequence, out var used) && used == length)
        {
            frame.Sequence = sequence;
        }

        if (isWhole && _cursor is not null && _cursor.TryFind(message, out start, out length))
        {
            (frame.CursorStart, frame.CursorLength) = (start, length);
        }

        frame.Identity = IdentityOf(in frame, message);
        return frame;
    }

    /// <summary>How old a message was when it came; null when it has no time.</summary>
    public TimeSpan? LatencyOf(ReadOnlySpan<byte> message, DateTimeOffset received)
    {
        if (_timestamp is null || !_timestamp.TryFind(message, out var start, out var length))
        {
            return null;
        }

        var text = message.Slice(start, length);
        if (Utf8Parser.TryParse(text, out double number, out var used) && used == length)
        {
            return received - DateTimeOffset.UnixEpoch - TimeSpan.FromSeconds(Math.Min(SecondsOf(number), TimeSpan.MaxValue.TotalSeconds / 2));
        }

        return DateTimeOffset.TryParse(Encoding.UTF8.GetString(text), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? received - time
            : null;
    }

    /// <summary>
    /// Where the server sends a message again, it has the same identity again: that of its number or cursor. Elsewhere every message
    /// that comes is one of its own.
    /// </summary>
    private long IdentityOf(in MessageFrame frame, ReadOnlySpan<byte> message)
    {
        if (!isResumable)
        {
            return frame.Number;
        }

        if (frame.Sequence != MessageFrame.NoSequence)
        {
            return frame.Sequence;
        }

        var cursor = frame.CursorLength >= 0 ? message.Slice(frame.CursorStart, frame.CursorLength) : message;
        return Utf8Parser.TryParse(cursor, out long number, out var used) && used == cursor.Length
            ? number
            : (long)XxHash3.HashToUInt64(cursor);
    }

    private static JsonPath? PathOf(string path) => path.Length > 0 ? JsonPath.Parse(path) : null;

    // The present is 1.7e9 seconds, so that a thousand times as much is milliseconds, and so on.
    private static double SecondsOf(double number) => number switch
    {
        < 1e11 => number,
        < 1e14 => number / 1e3,
        < 1e17 => number / 1e6,
        _ => number / 1e9,
    };
}
