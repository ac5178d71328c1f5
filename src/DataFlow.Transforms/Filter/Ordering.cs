namespace DataFlow.Transforms;

/// <summary>How two values may stand to each other for a comparison to be true: &lt;= is less or equal.</summary>
[Flags]
internal enum Ordering
{
    Less = 1,
    Equal = 2,
    Greater = 4,
}

internal static class OrderingExtensions
{
    /// <summary>True when the outcome of a comparison (negative, zero, positive) is among those allowed.</summary>
    public static Truth Allows(this Ordering allowed, int comparison) =>
        ((int)allowed & (1 << (Math.Sign(comparison) + 1))) != 0 ? Truth.True : Truth.False;

    /// <summary>The same comparison with its sides exchanged.</summary>
    public static Ordering Exchanged(this Ordering allowed) =>
        (allowed & Ordering.Equal)
        | (allowed.HasFlag(Ordering.Less) ? Ordering.Greater : 0)
        | (allowed.HasFlag(Ordering.Greater) ? Ordering.Less : 0);
}
