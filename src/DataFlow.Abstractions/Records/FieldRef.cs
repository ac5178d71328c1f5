using System.Runtime.CompilerServices;

namespace DataFlow;

/// <summary>
/// Where one value of a record stands: a slice of the batch's buffer, or of its overlay. Eight bytes, so that a
/// batch of a thousand ten-field records costs 80 KB and no objects.
/// </summary>
public readonly struct FieldRef : IEquatable<FieldRef>
{
    /// <summary>The longest value a reference can describe, in bytes: 128 MiB - 1.</summary>
    public const int MaxLength = (1 << 27) - 1;

    private const int KindShift = 59;
    private const ulong OverlayBit = 1ul << 63;

    private const uint VerbatimKinds = (1u << (int)FieldKind.Text) | (1u << (int)FieldKind.JsonString) | (1u << (int)FieldKind.JsonRaw);

    // One word, so that it stays in a register: start 32 bits, length 27, kind 4, overlay 1.
    private readonly ulong _bits;

    /// <summary>Describes a slice.</summary>
    /// <param name="start">First byte, 0-based, in the buffer or the overlay.</param>
    /// <param name="length">Length in bytes, 0 to <see cref="MaxLength"/>. Not checked here: parsers bound their input.</param>
    /// <param name="kind">How to read the bytes.</param>
    /// <param name="overlay">True when <paramref name="start"/> counts in the overlay.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FieldRef(int start, int length, FieldKind kind, bool overlay = false)
        => _bits = (uint)start | ((ulong)(uint)length << 32) | ((ulong)kind << KindShift) | (overlay ? OverlayBit : 0);

    /// <summary>A field that the record does not have.</summary>
    public static FieldRef Absent => new(0, 0, FieldKind.Absent);

    /// <summary>A real null.</summary>
    public static FieldRef Null => new(0, 0, FieldKind.Null);

    /// <summary>First byte, 0-based, in the batch's buffer, or in its overlay when <see cref="IsOverlay"/>.</summary>
    public int Start => (int)_bits;

    /// <summary>Length in bytes.</summary>
    public int Length => (int)(_bits >> 32) & MaxLength;

    /// <summary>How to read the bytes.</summary>
    public FieldKind Kind => (FieldKind)((_bits >> KindShift) & 0xF);

    /// <summary>True when the bytes stand in the overlay: computed, unescaped or repaired.</summary>
    public bool IsOverlay => (_bits & OverlayBit) != 0;

    /// <summary>True for plain text in the batch's buffer, asked with one comparison.</summary>
    internal bool IsPlainText => _bits < 1ul << KindShift;

    /// <summary>True for bytes in the batch's buffer that are the value's text as they stand, asked with one comparison.</summary>
    internal bool IsVerbatim => ((VerbatimKinds >> (int)(_bits >> KindShift)) & 1) != 0;

    /// <summary>True for JSON in the batch's buffer that can be written as it was read, asked with one comparison.</summary>
    internal bool IsJsonToken =>
        (_bits >> KindShift) - (ulong)FieldKind.JsonString <= (ulong)FieldKind.JsonRaw - (ulong)FieldKind.JsonString;

    /// <inheritdoc/>
    public bool Equals(FieldRef other) => _bits == other._bits;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is FieldRef other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _bits.GetHashCode();

    /// <summary>Compares two references by position, length, kind and place.</summary>
    public static bool operator ==(FieldRef left, FieldRef right) => left.Equals(right);

    /// <summary>Compares two references by position, length, kind and place.</summary>
    public static bool operator !=(FieldRef left, FieldRef right) => !left.Equals(right);
}
