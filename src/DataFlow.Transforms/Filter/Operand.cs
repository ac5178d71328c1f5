namespace DataFlow.Transforms;

/// <summary>One side of a comparison, and where it stands in the condition (0-based).</summary>
internal abstract record Operand(int Offset);

/// <summary>A field or metadata, by the number of its reference.</summary>
internal sealed record ValueOperand(int Offset, int Slot) : Operand(Offset);

internal sealed record TextOperand(int Offset, string Text) : Operand(Offset);

internal sealed record NumberOperand(int Offset, string Number) : Operand(Offset);

internal sealed record BooleanOperand(int Offset, bool Value) : Operand(Offset);

internal sealed record NullOperand(int Offset) : Operand(Offset);
