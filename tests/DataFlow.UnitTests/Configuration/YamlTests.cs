using CsCheck;
using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Configuration;

public class YamlTests
{
    private static readonly string[] Pieces =
        ["- ", ": ", "\n  ", "? ", "---\n", "...", "!!int ", "<<: ", "${env:X}", "%YAML 1.2\n", "\r\n", "\u0085", "\uFEFF", "\0"];

    private const string Sink = "\nsink: { type: console }";

    [Theory]
    [InlineData("source:\n\ttype: file", "orders.yaml:2:1: this line is indented with a tab, which YAML doesn't allow; use spaces.")]
    [InlineData(
        "source: { type: [file\nsink: a",
        "orders.yaml:1:17: a list or map in brackets starts here and is not closed; add the ']' or '}'.")]
    [InlineData(
        "transforms:\n  - filter: a: b",
        "orders.yaml:2:14: this line is not valid YAML; check its indentation, and put text that contains ': ' in quotes.")]
    [InlineData("name: @x", "orders.yaml:1:7: text can't start with this character in YAML; put it in quotes.")]
    [InlineData(
        "name: \"C:\\data\"",
        "orders.yaml:1:7: in double quotes a \\ starts an escape, and this one is unknown; use single quotes, or write \\\\.")]
    [InlineData(
        "source:\n  connection: \"data/in.csv\nsink: {}",
        "orders.yaml:2:15: a quoted text starts here and is not closed on its line; add the closing quote.")]
    [InlineData("name: 'x", "orders.yaml:1:7: a quoted text starts here and is not closed; add the closing quote.")]
    [InlineData(
        "  name: x\nuntil: forever",
        "orders.yaml:2:1: this line is not indented like the ones before it; keys of one map start in the same column.")]
    [InlineData("name: x\nname: y", "orders.yaml:2:1: name: this key is already given on line 1; remove one of them.")]
    [InlineData(
        "name: x\n---\nname: y",
        "orders.yaml:2:1: a second document starts here; a file holds one pipeline, so give each its own file.")]
    [InlineData(
        "name: *.csv",
        "orders.yaml:1:7: name: '*' has a meaning of its own in YAML, which pipelines don't use; put text that starts with it in quotes.")]
    [InlineData(
        "name: &x y",
        "orders.yaml:1:7: name: '&' has a meaning of its own in YAML, which pipelines don't use; put text that starts with it in quotes.")]
    [InlineData(
        "name: !x y",
        "orders.yaml:1:7: name: '!' has a meaning of its own in YAML, which pipelines don't use; put text that starts with it in quotes.")]
    [InlineData(
        "name: {a: b, !!int]x: y}",
        "orders.yaml:1:11: '!' has a meaning of its own in YAML, which pipelines don't use; put text that starts with it in quotes.")]
    [InlineData("sink:\n  : console", "orders.yaml:3:1: this is not valid YAML around here; check that each ':' has a key before it.")]
    [InlineData("? [a]\n: b", "orders.yaml:2:3: a key must be a text; put text that contains { } or [ ] in quotes.")]
    public void What_is_no_YAML_for_a_pipeline_is_said_with_its_place_and_what_to_do(string yaml, string expected) =>
        Assert.Equal(expected, Configured.Problems(yaml));

    [Fact]
    public void A_key_that_is_given_twice_in_a_part_is_refused() => Assert.Equal(
        "orders.yaml:4:3: source.type: this key is already given on line 2; remove one of them.",
        Configured.Problems("source:\n  type: file\n  connection: a\n  type: file" + Sink));

    [Fact]
    public void Nesting_without_end_is_refused() => Assert.Equal(
        "orders.yaml:1:39: this is not valid YAML: More than 32 levels are nested here; a pipeline needs no more than five.",
        Configured.Problems($"name: {new string('[', 10_000)}"));

    [Fact]
    public void Text_over_several_lines_is_read()
    {
        var pipeline = Configured.Pipeline(
            "source: { type: file, connection: a }\ntransforms:\n  - filter: |-\n      age >= 18\n      AND x = 1" + Sink);
        Assert.Equal("age >= 18\nAND x = 1", ((SampleFilterOptions)pipeline.Transforms[0].Options).Condition);
    }

    [Fact]
    public void Whatever_a_file_holds_it_is_read_or_its_problems_are_said()
    {
        const string Valid =
            "source: { type: file, connection: a, options: {delimiter: \"\\t\"} }\ntransforms:\n  - filter: 'a'\nsink:\n  type: console\n";
        var noise = Gen.OneOf(
            Gen.String[Gen.Char["[]{}:,-?&*!|>'\"%@`#\\ \n\tab0$~<=."], 0, 6],
            Gen.Int[0, Pieces.Length - 1].Select(index => Pieces[index]),
            Gen.String[0, 4]);
        Gen.Select(Gen.Int[0, Valid.Length], Gen.Int[0, 8], noise).Array[1, 3].Sample(
            edits =>
            {
                var text = edits.Aggregate(Valid, (current, edit) =>
                {
                    var start = Math.Min(edit.Item1, current.Length);
                    var end = Math.Min(start + edit.Item2, current.Length);
                    return string.Concat(current.AsSpan(0, start), edit.Item3, current.AsSpan(end));
                });
                return Record.Exception(() => { Configured.Pipeline(text); }) is null or ConfigurationException { Problems.Count: > 0 };
            },
            iter: 2000);
    }
}
