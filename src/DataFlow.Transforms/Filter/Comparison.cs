using System.Text;
using Parlot;

namespace DataFlow.Transforms;

/// <summary>Chooses the condition for two operands.</summary>
internal static class Comparison
{
    private const Ordering NotEqual = Ordering.Less | Ordering.Greater;

    public static Condition Of(Operand left, Ordering allowed, Operand right) => (left, right) switch
    {
        (_, NullOperand) => throw Wrong(right, "a value; a comparison with NULL is never true, use IS NULL or IS NOT NULL"),
        (NullOperand, _) => throw Wrong(left, "a value; a comparison with NULL is never true, use IS NULL or IS NOT NULL"),
        (ValueOperand value, ValueOperand other) => new ComparesValues(value.Slot, allowed, other.Slot),
        (ValueOperand value, TextOperand text) when allowed is Ordering.Equal or NotEqual =>
            new IsText(value.Slot, Encoding.UTF8.GetBytes(text.Text), allowed == Ordering.Equal),
        (ValueOperand value, TextOperand text) => new ComparesWithText(value.Slot, allowed, Encoding.UTF8.GetBytes(text.Text)),
        (ValueOperand value, NumberOperand number) => new ComparesWithNumber(value.Slot, allowed, Encoding.UTF8.GetBytes(number.Number)),
        (ValueOperand value, BooleanOperand boolean) when allowed is Ordering.Equal or NotEqual =>
            new IsBoolean(value.Slot, boolean.Value == (allowed == Ordering.Equal)),
        (ValueOperand, BooleanOperand) => throw Wrong(right, "a number or a text; TRUE and FALSE can be compared by = and <> only"),
        (_, ValueOperand) => Of(right, allowed.Exchanged(), left),
        _ => throw Wrong(left, "a field on one side of the comparison at least"),
    };

    public static Condition In(Operand left, IReadOnlyList<Operand> items)
    {
        var texts = items.OfType<TextOperand>().Select(item => Encoding.UTF8.GetBytes(item.Text)).ToList();
        if (left is not ValueOperand value || texts.Count < 2)
        {
            return AnyOf(items.Select(item => Of(left, Ordering.Equal, item)));
        }

        return AnyOf(items.Where(item => item is not TextOperand)
            .Select(item => Of(left, Ordering.Equal, item))
            .Prepend(new IsOneOfTexts(value.Slot, texts)));
    }

    public static Condition Between(Operand left, Operand least, Operand most) => new AllOf(
    [
        Of(left, Ordering.Greater | Ordering.Equal, least),
        Of(left, Ordering.Less | Ordering.Equal, most),
    ]);

    public static Condition Like(Operand left, string pattern, string? escape, int offset)
    {
        try
        {
            return new IsLike(
                SlotOf(left), LikePattern.Parse(pattern, string.IsNullOrEmpty(escape) ? null : escape.EnumerateRunes().First()));
        }
        catch (FormatException exception)
        {
            throw new ParseException($"another pattern: {exception.Message}", new TextPosition(offset, 1, offset + 1));
        }
    }

    public static Condition Null(Operand left, bool negate) => negate ? new Not(new IsNull(SlotOf(left))) : new IsNull(SlotOf(left));

    private static Condition AnyOf(IEnumerable<Condition> parts) =>
        parts.ToList() is { Count: > 1 } several ? new AnyOf(several) : parts.First();

    private static int SlotOf(Operand operand) =>
        operand is ValueOperand value ? value.Slot : throw Wrong(operand, "a field or @metadata before LIKE and IS");

    private static ParseException Wrong(Operand operand, string expected) =>
        new(expected, new TextPosition(operand.Offset, 1, operand.Offset + 1));
}
