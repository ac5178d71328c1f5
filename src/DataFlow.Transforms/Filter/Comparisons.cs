using System.Buffers.Text;
using System.Text;

namespace DataFlow.Transforms;

/// <summary>Whether a value is, or is not, exactly a text.</summary>
internal sealed class IsText(int slot, byte[] text, bool expected) : Condition
{
    public override Truth Evaluate(RowReader rows, int row) =>
        !rows.TryRead(slot, row, out var value) ? Truth.Unknown
        : value.SequenceEqual(text) == expected ? Truth.True
        : Truth.False;
}

/// <summary>How a value stands to a text, byte by byte: the order of code points.</summary>
internal sealed class ComparesWithText(int slot, Ordering allowed, byte[] text) : Condition
{
    public override Truth Evaluate(RowReader rows, int row) =>
        rows.TryRead(slot, row, out var value) ? allowed.Allows(value.SequenceCompareTo(text)) : Truth.Unknown;
}

/// <summary>How a value stands to a number. Unknown when it is none.</summary>
internal sealed class ComparesWithNumber : Condition
{
    // Fewer digits than the longest 64-bit integer: the quick reader can't overflow.
    private const int MostQuickDigits = 18;

    private readonly int _slot;
    private readonly Ordering _allowed;
    private readonly byte[] _text;
    private readonly long? _integer;

    public ComparesWithNumber(int slot, Ordering allowed, byte[] number)
    {
        _slot = slot;
        _allowed = allowed;
        _text = number;
        _integer = TryReadInteger(number, out var integer) ? integer : null;
    }

    public override Truth Evaluate(RowReader rows, int row)
    {
        if (!rows.TryRead(_slot, row, out var value))
        {
            return Truth.Unknown;
        }

        if (_integer is { } integer && TryReadInteger(value, out var read))
        {
            return _allowed.Allows(read.CompareTo(integer));
        }

        return DecimalText.TryParse(value, out var number) && DecimalText.TryParse(_text, out var other)
            ? _allowed.Allows(number.CompareTo(other))
            : Truth.Unknown;
    }

    private static bool TryReadInteger(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        return text.Length <= MostQuickDigits && Utf8Parser.TryParse(text, out value, out var used) && used == text.Length;
    }
}

/// <summary>Whether a value is <c>true</c> or <c>false</c>, in any case. Unknown when it is neither.</summary>
internal sealed class IsBoolean(int slot, bool expected) : Condition
{
    public override Truth Evaluate(RowReader rows, int row) =>
        !rows.TryRead(slot, row, out var value) ? Truth.Unknown
        : Ascii.EqualsIgnoreCase(value, "true"u8) ? Of(expected)
        : Ascii.EqualsIgnoreCase(value, "false"u8) ? Of(!expected)
        : Truth.Unknown;

    private static Truth Of(bool truth) => truth ? Truth.True : Truth.False;
}

/// <summary>How two values stand to each other: as numbers when both are, as texts otherwise.</summary>
internal sealed class ComparesValues(int left, Ordering allowed, int right) : Condition
{
    public override Truth Evaluate(RowReader rows, int row)
    {
        if (!rows.TryRead(left, row, out var one) || !rows.TryRead(right, row, out var other))
        {
            return Truth.Unknown;
        }

        return allowed.Allows(
            DecimalText.TryParse(one, out var number) && DecimalText.TryParse(other, out var otherNumber)
                ? number.CompareTo(otherNumber)
                : one.SequenceCompareTo(other));
    }
}

/// <summary>Whether a value is one of many texts.</summary>
internal sealed class IsOneOfTexts : Condition
{
    private readonly int _slot;
    private readonly HashSet<byte[]>.AlternateLookup<ReadOnlySpan<byte>> _texts;

    public IsOneOfTexts(int slot, IEnumerable<byte[]> texts)
    {
        _slot = slot;
        _texts = new HashSet<byte[]>(texts, Utf8Comparer.Instance).GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public override Truth Evaluate(RowReader rows, int row) =>
        !rows.TryRead(_slot, row, out var value) ? Truth.Unknown
        : _texts.Contains(value) ? Truth.True
        : Truth.False;

    private sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly Utf8Comparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
