using System.Text;
using Parlot;
using Parlot.Fluent;
using static Parlot.Fluent.Parsers;

namespace DataFlow.Transforms;

/// <summary>The grammar of conditions: OR, AND, NOT, then one comparison.</summary>
internal static class ConditionGrammar
{
    private const string ValueExpected = "a field, a number, a text in single quotes, TRUE, FALSE or @metadata";
    private const string ComparisonExpected = "=, <>, <, <=, >, >=, IN, LIKE, BETWEEN or IS";
    private const string KeywordCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$";

    private static readonly HashSet<string> Keywords = new(StringComparer.OrdinalIgnoreCase)
    {
        "AND", "OR", "NOT", "IN", "LIKE", "ESCAPE", "BETWEEN", "IS", "NULL", "TRUE", "FALSE",
    };

    public static Parser<Condition> Condition { get; } = Build();

    private static Parser<Condition> Build()
    {
        var text = Terms.Scan(span => Quoted(span, '\'')).Then(static (_, start, _, quoted) => Unquote(quoted, start, '\''));
        var operand = Operand(text);
        var needed = operand.ElseError(ValueExpected);

        var ordering = OneOf(
            Terms.Text("<=").Then(Ordering.Less | Ordering.Equal),
            Terms.Text(">=").Then(Ordering.Greater | Ordering.Equal),
            Terms.Text("<>").Or(Terms.Text("!=")).Then(Ordering.Less | Ordering.Greater),
            Terms.Text("<").Then(Ordering.Less),
            Terms.Text(">").Then(Ordering.Greater),
            Terms.Text("=").Then(Ordering.Equal));
        var comparison = ordering.And(needed).Then<Func<Operand, Condition>>(static pair =>
            left => Comparison.Of(left, pair.Item1, pair.Item2));

        var list = Terms.Char('(').ElseError("( and a list of values")
            .SkipAnd(Separated(Terms.Char(','), needed))
            .AndSkip(Terms.Char(')').ElseError(", or )"));
        var isIn = Keyword("IN").SkipAnd(list).Then<Func<Operand, Condition>>(static items => left => Comparison.In(left, items));

        var pattern = text.ElseError("a pattern in single quotes");
        var escape = ZeroOrOne(Keyword("ESCAPE").SkipAnd(text.When(static (_, quoted) => IsOneCharacter(quoted))
            .ElseError("one character in single quotes")));
        var isLike = Keyword("LIKE").SkipAnd(pattern).And(escape)
            .Then<Func<Operand, Condition>>(static (_, start, _, pair) =>
                left => Comparison.Like(left, pair.Item1, pair.Item2.FirstOrDefault(), start));

        var between = Keyword("BETWEEN").SkipAnd(needed)
            .AndSkip(Keyword("AND").ElseError("AND and the upper bound"))
            .And(needed)
            .Then<Func<Operand, Condition>>(static pair => left => Comparison.Between(left, pair.Item1, pair.Item2));

        var negatable = OneOf(isIn, isLike, between);
        var negated = Keyword("NOT").SkipAnd(negatable.ElseError("IN, LIKE or BETWEEN"))
            .Then<Func<Operand, Condition>>(static test => left => new Not(test(left)));

        var isNull = Keyword("IS").SkipAnd(OneOf(
            Keyword("NULL").Then(false),
            Keyword("NOT").SkipAnd(Keyword("NULL").ElseError("NULL")).Then(true)).ElseError("NULL or NOT NULL"))
            .Then<Func<Operand, Condition>>(static negate => left => Comparison.Null(left, negate));

        var test = operand.And(OneOf(comparison, negatable, negated, isNull).ElseError(ComparisonExpected))
            .Then(static pair => pair.Item2(pair.Item1));

        var any = Deferred<Condition>();
        var group = Terms.Char('(').SkipAnd(any).AndSkip(Terms.Char(')').ElseError("AND, OR or )"));
        var single = Recursive<Condition>(self => OneOf(
            Keyword("NOT").SkipAnd(self).Then<Condition>(static inner => new Not(inner)),
            group,
            test).ElseError($"NOT, ( or {ValueExpected}"));
        var all = Separated(Keyword("AND"), single).Then(static parts => parts.Count == 1 ? parts[0] : new AllOf(parts));
        any.Parser = Separated(Keyword("OR"), all).Then(static parts => parts.Count == 1 ? parts[0] : new AnyOf(parts));

        return any.AndSkip(Always().Eof().ElseError("AND, OR or the end"));
    }

    private static Parser<Operand> Operand(Parser<string> text)
    {
        var name = Terms.Identifier(static character => char.IsLetter(character), static character => char.IsLetterOrDigit(character))
            .When(static (_, word) => !Keywords.Contains(word.ToString()))
            .Then<Operand>(static (context, start, _, word) => Value(context, start, word.ToString(), isMetadata: false));
        var quotedName = Terms.Scan(span => Quoted(span, '"')).Then<Operand>(static (context, start, _, quoted) =>
            Value(context, start, Unquote(quoted, start, '"'), isMetadata: false));
        var metadata = Terms.Scan(MetadataName).Then<Operand>(static (context, start, _, word) =>
            Value(context, start, word.ToString()[1..], isMetadata: true));
        var number = Terms.Scan(Number).Then<Operand>(static (context, start, _, digits) => IsNumber(digits.ToString())
            ? new NumberOperand(start, digits.ToString())
            : throw new ParseException("a number such as 18, -2.5 or 1e6", PositionOf(start)));
        return OneOf(
            Keyword("TRUE").Then<Operand>(static (_, start, _, _) => new BooleanOperand(start, true)),
            Keyword("FALSE").Then<Operand>(static (_, start, _, _) => new BooleanOperand(start, false)),
            Keyword("NULL").Then<Operand>(static (_, start, _, _) => new NullOperand(start)),
            name,
            quotedName,
            metadata,
            number,
            text.Then<Operand>(static (_, start, _, value) => new TextOperand(start, value)));
    }

    private static Parser<string> Keyword(string word) => Terms.Keyword(word, KeywordCharacters, caseInsensitive: true);

    private static Operand Value(ParseContext context, int start, string name, bool isMetadata) =>
        new ValueOperand(start, ((ConditionContext)context).SlotOf(new Reference(name, isMetadata)));

    private static int MetadataName(ReadOnlySpan<char> span)
    {
        if (span.Length < 2 || span[0] != '@')
        {
            return 0;
        }

        var length = 1;
        while (length < span.Length && (char.IsLetterOrDigit(span[length]) || span[length] is '_' or '.' or '-'))
        {
            length++;
        }

        return length > 1 ? length : 0;
    }

    private static int Number(ReadOnlySpan<char> span)
    {
        var at = span.Length > 0 && span[0] is '-' or '+' ? 1 : 0;
        if (at >= span.Length || !(char.IsAsciiDigit(span[at]) || span[at] == '.'))
        {
            return 0;
        }

        while (at < span.Length && (char.IsLetterOrDigit(span[at]) || span[at] is '.' or '_'
            || (span[at] is '-' or '+' && span[at - 1] is 'e' or 'E')))
        {
            at++;
        }

        return at;
    }

    private static bool IsNumber(string digits) => DecimalText.TryParse(Encoding.UTF8.GetBytes(digits), out _);

    private static int Quoted(ReadOnlySpan<char> span, char quote)
    {
        if (span.IsEmpty || span[0] != quote)
        {
            return 0;
        }

        for (var at = 1; at < span.Length; at++)
        {
            if (span[at] != quote)
            {
                continue;
            }

            if (at + 1 == span.Length || span[at + 1] != quote)
            {
                return at + 1;
            }

            at++;
        }

        return span.Length;
    }

    private static string Unquote(TextSpan quoted, int start, char quote)
    {
        // Doubled quotes come in pairs, and so do the first and the last.
        var text = quoted.ToString();
        return text.Count(character => character == quote) % 2 == 0
            ? text[1..^1].Replace($"{quote}{quote}", $"{quote}", StringComparison.Ordinal)
            : throw new ParseException($"a closing {quote}", PositionOf(start));
    }

    private static bool IsOneCharacter(string text) => text.EnumerateRunes().Count() == 1;

    private static TextPosition PositionOf(int offset) => new(offset, 1, offset + 1);
}
