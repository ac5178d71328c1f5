using Parlot;
using Parlot.Fluent;

namespace DataFlow.Transforms;

/// <summary>Turns the text of a condition into a <see cref="Condition"/>.</summary>
internal static class ConditionParser
{
    private const string Option = "condition";
    private const int MostFoundCharacters = 24;

    /// <summary>Parses a condition.</summary>
    /// <returns>The condition, and what it reads; a reference's number is its index.</returns>
    /// <exception cref="OptionException">The text is no condition; says where and what was expected.</exception>
    public static (Condition Condition, IReadOnlyList<Reference> References) Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new OptionException(Option, "The condition is empty; write one such as: age >= 18.");
        }

        var context = new ConditionContext(text);
        return ConditionGrammar.Condition.TryParse(context, out var condition, out var error)
            ? (condition, context.References)
            : throw new OptionException(Option, MessageOf(text, error));
    }

    private static string MessageOf(string text, ParseError? error)
    {
        var rest = text.AsSpan(error?.Position.Offset ?? 0).TrimStart();
        return $"The condition '{text}' is wrong at column {text.Length - rest.Length + 1}: "
            + $"found {TokenOf(rest)}, expected {error?.Message ?? "a condition"}.";
    }

    private static string TokenOf(ReadOnlySpan<char> rest)
    {
        if (rest.IsEmpty)
        {
            return "the end";
        }

        var length = rest[1..].IndexOfAny(" \t\r\n()'\",") is var end and >= 0 ? end + 1 : rest.Length;
        return $"'{rest[..Math.Min(length, MostFoundCharacters)]}'";
    }
}

/// <summary>A parse of one condition: numbers what it refers to.</summary>
/// <remarks>Deeper nesting than 200 parentheses is refused, because evaluation is as deep as the condition.</remarks>
internal sealed class ConditionContext(string text) : ParseContext(new Scanner(text), 200, false, false, CancellationToken.None)
{
    private readonly List<Reference> _references = [];

    public IReadOnlyList<Reference> References => _references;

    public int SlotOf(Reference reference)
    {
        var slot = _references.IndexOf(reference);
        if (slot < 0)
        {
            slot = _references.Count;
            _references.Add(reference);
        }

        return slot;
    }
}
