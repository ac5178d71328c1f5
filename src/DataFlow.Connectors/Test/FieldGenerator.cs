namespace DataFlow.Connectors;

/// <summary>Generates the values of one field. Immutable.</summary>
/// <param name="type">The type of the field.</param>
/// <param name="mostBytes">The longest value in bytes.</param>
internal abstract class FieldGenerator(FieldType type, int mostBytes)
{
    /// <summary>All generators with an example each, for messages and the reference.</summary>
    public const string Known =
        "int(1,100), decimal(0,1000,2), name, email, uuid, choice(a,b,c), timestamp(2024-01-01T00:00:00Z, 1s), sequence, "
        + "sequence(ORD-), bool, text(10,50), null(0.1, int(1,5)).";

    /// <summary>The type of the field.</summary>
    public FieldType Type { get; } = type;

    /// <summary>The longest value in bytes.</summary>
    public int MostBytes { get; } = mostBytes;

    /// <summary>True when values have a place in time that <see cref="TestRecord.Late"/> moves.</summary>
    public virtual bool IsTimestamp => false;

    /// <summary>Writes a value: the inside of a JSON string, or a JSON token.</summary>
    /// <param name="record">The record.</param>
    /// <param name="random">The field's own stream.</param>
    /// <param name="output">At least <see cref="MostBytes"/> long.</param>
    /// <param name="kind">How to read what was written.</param>
    /// <returns>Bytes written.</returns>
    public abstract int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind);
}
