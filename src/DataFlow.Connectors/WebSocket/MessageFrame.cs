using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>What a message is.</summary>
internal enum MessageKind
{
    Text,
    Binary,

    /// <summary>Longer than allowed; only its beginning is kept.</summary>
    TooLong,

    /// <summary>No message of the server's: an entry of the gap ledger, at its place among them.</summary>
    Gap,

    /// <summary>Its record came before it, from the API that was asked for a gap. Never in a journal.</summary>
    Repeated,
}

/// <summary>
/// What is known about a message, written in front of its bytes: in a batch's buffer, and in a file of the journal. In the byte
/// order of the machine, which a journal never leaves.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct MessageFrame
{
    public const long NoSequence = long.MinValue;

    /// <summary>Over all that follows, the message included. Set in the journal only.</summary>
    public ulong Checksum;

    /// <summary>Bytes of the message that follow.</summary>
    public int Length;

    public MessageKind Kind;

    /// <summary>Counts the messages of the stream from 1.</summary>
    public long Number;

    /// <summary>When it came, in milliseconds since 1970.</summary>
    public long Received;

    /// <summary>Everything that came up to this moment was read with it or before it, in milliseconds since 1970.</summary>
    public long HeardUpTo;

    /// <summary><see cref="NoSequence"/> when it has none.</summary>
    public long Sequence;

    /// <summary>What its DeliveryId is made from, within the identity of the batch.</summary>
    public long Identity;

    /// <summary>Where the cursor stands in the message.</summary>
    public int CursorStart;

    /// <summary>Its length; -1 when the message has none.</summary>
    public int CursorLength;

    public static int Size => Unsafe.SizeOf<MessageFrame>();

    /// <summary>The frame that starts at a byte of the buffer.</summary>
    public static ref readonly MessageFrame At(ReadOnlySpan<byte> buffer, int start) =>
        ref Unsafe.As<byte, MessageFrame>(ref MemoryMarshal.GetReference(buffer[start..(start + Size)]));

    /// <summary>The frame of a row.</summary>
    public static ref readonly MessageFrame Of(RecordBatch batch, int row) => ref At(batch.Data, batch.StartOf(row) - Size);

    /// <summary>Appends a frame and its message to a batch's buffer.</summary>
    public static void Append(RecordBatch batch, in MessageFrame frame, ReadOnlySpan<byte> message)
    {
        batch.EnsureCapacity(batch.Length + Size + message.Length);
        MemoryMarshal.Write(batch.Data.AsSpan(batch.Length), in frame);
        message.CopyTo(batch.Data.AsSpan(batch.Length + Size));
        batch.Length += Size + message.Length;
    }

    /// <summary>Marks a message of a batch's buffer as one that becomes no record.</summary>
    public static void LeaveOut(RecordBatch batch, int start) =>
        Unsafe.As<byte, MessageFrame>(ref batch.Data[start]).Kind = MessageKind.Repeated;

    /// <summary>Follows the messages of a filled buffer.</summary>
    /// <param name="before">Where the stream was.</param>
    /// <param name="buffer">Frames and messages.</param>
    /// <param name="messageBytes">Bytes of the messages alone.</param>
    public static StreamPlace Follow(StreamPlace before, ReadOnlySpan<byte> buffer, out long messageBytes)
    {
        var (cursorStart, cursorLength, sequence, heard, last) = (0, -1, before.Sequence, before.HeardUpTo, -1);
        var leftUpTo = before.Journal?.LeftUpTo ?? 0;
        messageBytes = 0;
        for (var at = 0; at < buffer.Length; at += Size + At(buffer, at).Length)
        {
            ref readonly var frame = ref At(buffer, at);
            messageBytes += frame.Length;
            last = at;
            if (frame.Number <= leftUpTo)
            {
                continue;
            }

            sequence = frame.Sequence == NoSequence ? sequence : frame.Sequence;
            heard = DateTimeOffset.FromUnixTimeMilliseconds(frame.HeardUpTo);
            if (frame.CursorLength >= 0)
            {
                (cursorStart, cursorLength) = (at + Size + frame.CursorStart, frame.CursorLength);
            }
        }

        return last < 0 ? before : before with
        {
            Number = At(buffer, last).Number,
            Cursor = cursorLength < 0 ? before.Cursor : CursorText(buffer.Slice(cursorStart, cursorLength)),
            Sequence = sequence,
            HeardUpTo = heard,
        };
    }

    /// <summary>The cursor as the server wrote it; the inside of a JSON string is unescaped.</summary>
    public static string CursorText(ReadOnlySpan<byte> written)
    {
        if (!written.Contains((byte)'\\'))
        {
            return Encoding.UTF8.GetString(written);
        }

        var plain = new byte[written.Length];
        return Encoding.UTF8.GetString(plain, 0, FieldText.Unescape(written, plain));
    }
}
