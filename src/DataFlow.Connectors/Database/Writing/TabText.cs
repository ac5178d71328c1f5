using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DataFlow.Connectors;

/// <summary>
/// Writes rows as lines with tabs between the values, <c>\N</c> for NULL and backslashes before what would be read as a separator:
/// what PostgreSQL's COPY and MySQL's LOAD DATA both read.
/// </summary>
/// <param name="target">The table.</param>
/// <param name="pool">Where buffers come from.</param>
/// <param name="boolsAsDigits">True for a database that reads no <c>true</c> and <c>false</c>.</param>
internal sealed class TabText(WriteTarget target, BatchPool pool, bool boolsAsDigits)
{
    /// <summary>Bytes per piece: the server works on one while the next is made.</summary>
    private const int PieceBytes = 64 << 10;

    /// <summary>Writes rows to a stream, piece by piece.</summary>
    /// <param name="run">What.</param>
    /// <param name="rows">Physical rows of the run.</param>
    /// <param name="numbered">Each line gets its number as one more value.</param>
    /// <param name="stream">Where to.</param>
    /// <param name="ct">Gives up.</param>
    public async Task WriteAsync(RowRun run, ReadOnlyMemory<int> rows, bool numbered, Stream stream, CancellationToken ct)
    {
        using var piece = new EncodedBatch(pool);
        for (var index = 0; index < rows.Length;)
        {
            piece.CutTo(0);
            for (; index < rows.Length && piece.Length < PieceBytes; index++)
            {
                AppendLine(piece, run, rows.Span[index], numbered ? index : -1);
            }

            await stream.WriteAsync(piece.Bytes, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Writes all rows into a buffer, which is the caller's.</summary>
    public EncodedBatch Encode(RowRun run, ReadOnlySpan<int> rows, bool numbered)
    {
        var lines = new EncodedBatch(pool);
        for (var index = 0; index < rows.Length; index++)
        {
            AppendLine(lines, run, rows[index], numbered ? index : -1);
        }

        return lines;
    }

    private void AppendLine(EncodedBatch lines, RowRun run, int row, int number)
    {
        for (var field = 0; field < run.Fields.Length; field++)
        {
            var isValue = target.TryText(run.Batch, row, run.Fields[field], run.Columns[field], out var text);
            if (isValue && boolsAsDigits && target.IsBool(run.Batch, run.Fields[field], run.Columns[field]))
            {
                text = DigitOf(text);
            }

            var room = lines.Reserve((text.Length * 2) + Vector256<byte>.Count + 1);
            var length = isValue ? CopyEscaped(room, text, ReadableFrom(run.Batch.Data, text)) : ColumnText.Copy(room, "\\N"u8);
            room[length] = (byte)'\t';
            lines.Advance(length + 1);
        }

        if (number >= 0)
        {
            lines.Advance(ColumnText.Integer(lines.Reserve(ColumnText.Most), number));
            lines.Append("\n"u8);
        }
        else
        {
            lines.CutTo(lines.Length - 1);
            lines.Append("\n"u8);
        }
    }

    private static ReadOnlySpan<byte> DigitOf(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("true"u8) ? "1"u8 : text.SequenceEqual("false"u8) ? "0"u8 : text;

    /// <summary>Bytes that can be read from the beginning of a text on, its own and what follows it in the batch.</summary>
    private static int ReadableFrom(byte[] data, ReadOnlySpan<byte> text)
    {
        var before = Unsafe.ByteOffset(ref MemoryMarshal.GetArrayDataReference(data), ref MemoryMarshal.GetReference(text));
        return (nuint)before < (nuint)data.Length ? data.Length - (int)before : text.Length;
    }

    /// <summary>Copies a block and looks at it in the same step. The output needs as many bytes as a vector beyond its end.</summary>
    private static int CopyEscaped(Span<byte> output, ReadOnlySpan<byte> text, int readable)
    {
        ref var from = ref MemoryMarshal.GetReference(text);
        ref var to = ref MemoryMarshal.GetReference(output);
        var (read, written) = (0, 0);
        while (read + Vector256<byte>.Count <= readable)
        {
            var bytes = Vector256.LoadUnsafe(ref from, (nuint)read);
            bytes.StoreUnsafe(ref to, (nuint)written);
            var special = (Vector256.Equals(bytes, Vector256.Create((byte)'\t')) | Vector256.Equals(bytes, Vector256.Create((byte)'\n'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\r')) | Vector256.Equals(bytes, Vector256.Create((byte)'\\')))
                .ExtractMostSignificantBits();
            var rest = text.Length - read;
            var plain = special == 0 ? Vector256<byte>.Count : BitOperations.TrailingZeroCount(special);
            if (plain >= rest)
            {
                return written + rest;
            }

            read += plain;
            written += plain;
            if (special != 0)
            {
                output[written] = (byte)'\\';
                output[written + 1] = LetterOf(text[read++]);
                written += 2;
            }
        }

        foreach (var letter in text[read..])
        {
            if (letter is (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\\')
            {
                output[written++] = (byte)'\\';
            }

            output[written++] = LetterOf(letter);
        }

        return written;
    }

    private static byte LetterOf(byte special) => special switch
    {
        (byte)'\t' => (byte)'t',
        (byte)'\n' => (byte)'n',
        (byte)'\r' => (byte)'r',
        _ => special,
    };
}
