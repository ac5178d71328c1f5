using System.Numerics;
using System.Text;
using CsCheck;
using DataFlow.Transforms;

namespace DataFlow.UnitTests.Transforms;

public class FilterPropertyTests
{
    private static readonly Gen<string> Text = Gen.OneOf("a", "b", "%", "_", "é", "李", "😀", "\\").Array[0, 8].Select(string.Concat);
    private static readonly Gen<string> Pattern = Gen.OneOf("a", "b", "%", "%", "_", "_", "é", "李", "😀").Array[0, 7].Select(string.Concat);
    private static readonly Gen<string> Number =
        from sign in Gen.OneOf("", "-", "+")
        from whole in Gen.OneOf("0", "00", "1", "10", "100", "1234567890", "9007199254740993", "99999999999999999999")
        from point in Gen.OneOf("", ".", ".0", ".5", ".50", ".05", ".0000000001")
        from exponent in Gen.OneOf("", "e0", "E2", "e-2", "e+1")
        select sign + whole + point + exponent;

    [Fact]
    public void Like_agrees_with_a_naive_matcher() => Gen.Select(Pattern, Text).Sample((pattern, text) =>
        LikePattern.Parse(pattern, escape: null).Matches(Encoding.UTF8.GetBytes(text)) == Matches(Runes(pattern), Runes(text)));

    [Fact]
    public void Like_with_every_character_escaped_is_equality() => Gen.Select(Text, Text).Sample((pattern, text) =>
        LikePattern.Parse(Escape(pattern), new Rune('!')).Matches(Encoding.UTF8.GetBytes(text)) == (pattern == text));

    [Fact]
    public void Numbers_compare_like_exact_decimals() => Gen.Select(Number, Number).Sample((left, right) =>
        Math.Sign(Compare(left, right)) == ExactOf(left).CompareTo(ExactOf(right)));

    [Fact]
    public void A_condition_compares_numbers_like_exact_decimals() => Gen.Select(Number, Number).Sample((field, literal) =>
        TruthOf($"a < {literal}", field, "") == TruthOf(ExactOf(field) < ExactOf(literal))
        && TruthOf($"a = {literal}", field, "") == TruthOf(ExactOf(field) == ExactOf(literal))
        && TruthOf("a >= b", field, literal) == TruthOf(ExactOf(field) >= ExactOf(literal)));

    [Theory]
    [InlineData("1", "1", true, true, false)]
    [InlineData("1", "0", false, true, false)]
    [InlineData("0", "1", false, true, true)]
    [InlineData("0", "0", false, false, true)]
    [InlineData("1", null, null, true, false)]
    [InlineData(null, "1", null, true, null)]
    [InlineData("0", null, false, null, true)]
    [InlineData(null, "0", false, null, null)]
    [InlineData(null, null, null, null, null)]
    public void Logic_is_three_valued(string? a, string? b, bool? and, bool? or, bool? not)
    {
        Assert.Equal(and, TruthOf("a = 1 AND b = 1", a, b));
        Assert.Equal(or, TruthOf("a = 1 OR b = 1", a, b));
        Assert.Equal(not, TruthOf("NOT a = 1", a, b));
    }

    [Fact]
    public void Nested_logic_agrees_with_the_truth_tables()
    {
        var leaf = Gen.OneOf(("a = 1", 0), ("b = 1", 1)).Select(test => new Tree(test.Item1, values => values[test.Item2]));
        var tree = Gen.Recursive<Tree>((depth, inner) => depth >= 4 ? leaf : Gen.OneOf(
            leaf,
            inner.Select(part => new Tree($"NOT ({part.Text})", values => !part.Of(values))),
            Gen.Select(inner, inner, (l, r) => new Tree($"({l.Text} AND {r.Text})", values => l.Of(values) & r.Of(values))),
            Gen.Select(inner, inner, (l, r) => new Tree($"({l.Text} OR {r.Text})", values => l.Of(values) | r.Of(values)))));
        var value = Gen.OneOf<bool?>(true, false, null);
        Gen.Select(tree, value, value).Sample((expression, a, b) =>
            TruthOf(expression.Text, CellOf(a), CellOf(b)) == expression.Of([a, b]));
    }

    private static string? CellOf(bool? value) => value is { } known ? known ? "1" : "0" : null;

    private static bool? TruthOf(bool value) => value;

    private static bool? TruthOf(string condition, string? a, string? b)
    {
        var (parsed, references) = ConditionParser.Parse(condition);
        var batch = Batches.Of(new BatchPool(), ["a", "b"], [a, b]);
        using var rows = new RowReader(batch, references);
        var truth = parsed.Evaluate(rows, 0);
        batch.Release();
        return truth == Truth.Unknown ? null : truth == Truth.True;
    }

    private static int Compare(string left, string right)
    {
        Assert.True(DecimalText.TryParse(Encoding.UTF8.GetBytes(left), out var one));
        Assert.True(DecimalText.TryParse(Encoding.UTF8.GetBytes(right), out var other));
        return one.CompareTo(other);
    }

    // Scaled by 10 to the power of 20: more decimals than the generated numbers have.
    private static BigInteger ExactOf(string text)
    {
        var parts = text.ToLowerInvariant().Split('e');
        var digits = parts[0].Split('.');
        var scale = 20 + (parts.Length > 1 ? int.Parse(parts[1]) : 0) - (digits.Length > 1 ? digits[1].Length : 0);
        return BigInteger.Parse(string.Concat(digits)) * BigInteger.Pow(10, scale);
    }

    private static string Escape(string text) => string.Concat(text.EnumerateRunes().Select(rune => rune.Value is '%' or '_' ? "!" + rune : rune.ToString()));

    private static int[] Runes(string text) => [.. text.EnumerateRunes().Select(rune => rune.Value)];

    private static bool Matches(ReadOnlySpan<int> pattern, ReadOnlySpan<int> text)
    {
        if (pattern.IsEmpty)
        {
            return text.IsEmpty;
        }

        return pattern[0] == '%'
            ? Matches(pattern[1..], text) || (!text.IsEmpty && Matches(pattern, text[1..]))
            : !text.IsEmpty && (pattern[0] == '_' || pattern[0] == text[0]) && Matches(pattern[1..], text[1..]);
    }

    private sealed record Tree(string Text, Func<bool?[], bool?> Of);
}
