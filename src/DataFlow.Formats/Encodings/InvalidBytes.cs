using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace DataFlow.Formats;

/// <summary>Finds and replaces what is not valid UTF-8: each invalid sequence, as Unicode cuts them, becomes one U+FFFD.</summary>
internal static class InvalidBytes
{
    /// <summary>How replaced records are counted.</summary>
    public const string Replaced = "invalid-bytes-replaced";

    /// <summary>The reason of records that are dead letters for it.</summary>
    public const string Reason = "invalid-bytes";

    /// <summary>Where the first invalid byte is, or -1.</summary>
    public static int IndexOf(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return -1;
        }

        var at = 0;
        while (Rune.DecodeFromUtf8(bytes[at..], out _, out var used) == OperationStatus.Done)
        {
            at += used;
        }

        return at;
    }

    /// <summary>A repaired copy in the batch's overlay.</summary>
    public static FieldRef ReplaceInOverlay(RecordBatch batch, ReadOnlySpan<byte> bytes)
    {
        var output = batch.ReserveOverlay(RepairedLength(bytes));
        var written = 0;
        while (!bytes.IsEmpty)
        {
            Rune.DecodeFromUtf8(bytes, out var rune, out var used);
            written += rune.EncodeToUtf8(output[written..]);
            bytes = bytes[used..];
        }

        return batch.CommitOverlay(written);
    }

    /// <summary>Cuts valid or invalid UTF-8 to a number of bytes without splitting a character.</summary>
    public static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> bytes, int length)
    {
        if (bytes.Length <= length)
        {
            return bytes;
        }

        for (var back = 1; back <= Math.Min(3, length); back++)
        {
            var lead = bytes[length - back];
            if ((lead & 0xC0) != 0x80)
            {
                var needed = lead switch { >= 0xF0 => 4, >= 0xE0 => 3, >= 0xC0 => 2, _ => 1 };
                return bytes[..(needed > back ? length - back : length)];
            }
        }

        return bytes[..length];
    }

    private static int RepairedLength(ReadOnlySpan<byte> bytes)
    {
        var length = 0;
        while (!bytes.IsEmpty)
        {
            Rune.DecodeFromUtf8(bytes, out var rune, out var used);
            length += rune.Utf8SequenceLength;
            bytes = bytes[used..];
        }

        return length;
    }
}
