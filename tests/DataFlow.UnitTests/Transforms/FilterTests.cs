using DataFlow.Transforms;
using static DataFlow.UnitTests.Transforms.Batches;

namespace DataFlow.UnitTests.Transforms;

public class FilterTests
{
    private static readonly string[] Names = ["name", "age", "order id"];

    private readonly BatchPool _pool = new();

    [Theory]
    [InlineData("age >= 18", "Ann")]
    [InlineData("age = 18", "Ann")]
    [InlineData("age <> 18", "Bob")]
    [InlineData("age != 18", "Bob")]
    [InlineData("age < 18", "Bob")]
    [InlineData("age <= 7", "Bob")]
    [InlineData("age > 7", "Ann")]
    [InlineData("18 <= age", "Ann")]
    [InlineData("7.5 > age", "Bob")]
    [InlineData("name = 'Ann'", "Ann")]
    [InlineData("'Ann' = name", "Ann")]
    [InlineData("name <> 'Ann'", "Bob")]
    [InlineData("name > 'Ann'", "Bob")]
    [InlineData("'Bob' > name", "Ann")]
    [InlineData("\"order id\" = 'it''s'", "Ann")]
    [InlineData("name IN ('Ann', 'Eve')", "Ann")]
    [InlineData("name not in ('Ann', 'Eve')", "Bob")]
    [InlineData("age IN (7, 8, 'x', 'y')", "Bob")]
    [InlineData("'Bob' IN (name, \"order id\")", "Bob")]
    [InlineData("name LIKE 'A%'", "Ann")]
    [InlineData("name NOT LIKE '_n_'", "Bob")]
    [InlineData("age BETWEEN 18 AND 20", "Ann")]
    [InlineData("age NOT BETWEEN 18 AND 20", "Bob")]
    [InlineData("age between 1 and 7 and name = 'Bob'", "Bob")]
    [InlineData("name = 'Ann' OR age = 7 AND name = 'nobody'", "Ann")]
    [InlineData("(name = 'Ann' OR age = 7) AND NOT name = 'Ann'", "Bob")]
    [InlineData("NOT NOT age=18", "Ann")]
    [InlineData("name = \"order id\"", "Bob")]
    public void A_condition_keeps_the_records_for_which_it_is_true(string condition, string kept) =>
        Assert.Equal([kept], Keep(condition, ["Ann", "18", "it's"], ["Bob", "7", "Bob"]));

    [Theory]
    [InlineData("@line_number > 2", "Bob")]
    [InlineData("@file = 'users.csv' AND @line_number = 2", "Ann")]
    [InlineData("@headers.trace-id IS NULL", "Bob")]
    [InlineData("@headers.trace-id = 't1'", "Ann")]
    [InlineData("@nothing IS NULL AND age = 7", "Bob")]
    [InlineData("@line_number = age", "")]
    public void Metadata_can_be_compared_like_fields(string condition, string kept)
    {
        var batch = Of(_pool, Names, ["Ann", "18", "a"], ["Bob", "7", "b"]);
        batch.FirstLine = 2;
        batch.Metadata.Set("file", "users.csv")
            .SetNumbers("line_number", static (records, row) => records.LineOf(row))
            .SetTexts("headers.trace-id", static (_, row) => row == 0 ? "t1" : null);
        Assert.Equal(kept, string.Join(' ', Kept(condition, batch)));
    }

    [Theory]
    [InlineData("age >= 18")]
    [InlineData("NOT age >= 18")]
    [InlineData("age = age")]
    [InlineData("age IN (1, 2)")]
    [InlineData("NOT age IN (1, 2)")]
    [InlineData("age NOT BETWEEN 1 AND 2")]
    [InlineData("age LIKE '%'")]
    [InlineData("age NOT LIKE 'x'")]
    [InlineData("missing <> 'x'")]
    [InlineData("age <> TRUE")]
    public void A_comparison_with_null_is_unknown_and_keeps_nothing(string condition) =>
        Assert.Empty(Keep(condition, ["Ann", null, "a"], ["Bob", Absent, "b"]));

    [Theory]
    [InlineData("age IS NULL", "Ann Bob")]
    [InlineData("age IS NOT NULL", "Eve")]
    [InlineData("missing IS NULL", "Ann Bob Eve")]
    [InlineData("age = ''", "Eve")]
    [InlineData("age > 0 OR name = 'Ann'", "Ann")]
    public void Null_and_absent_are_null_but_an_empty_text_is_not(string condition, string kept) =>
        Assert.Equal(kept, string.Join(' ', Keep(condition, ["Ann", null, "a"], ["Bob", Absent, "b"], ["Eve", "", "c"])));

    [Theory]
    [InlineData("1e3", true)]
    [InlineData(" 1000 ", true)]
    [InlineData("+1000.00", true)]
    [InlineData("01000", true)]
    [InlineData("1000.0000000000000000000000000000000001", false)]
    [InlineData("1,000", null)]
    [InlineData("1000 EUR", null)]
    [InlineData("NaN", null)]
    [InlineData("0x3E8", null)]
    [InlineData("1e", null)]
    [InlineData("", null)]
    [InlineData(".", null)]
    public void A_text_that_is_no_number_compares_as_unknown_with_a_number(string text, bool? equals)
    {
        Assert.Equal(equals == true, Keep("age = 1000", ["Ann", text, ""]).Length == 1);
        Assert.Equal(equals == false, Keep("age <> 1000", ["Ann", text, ""]).Length == 1);
    }

    [Fact]
    public void Numbers_that_a_double_can_not_tell_apart_are_told_apart()
    {
        Assert.Equal(["b"], Keep("age = 9007199254740993", ["a", "9007199254740992", ""], ["b", "9007199254740993", ""]));
        Assert.Equal(["b"], Keep("age > 9223372036854775807", ["a", "9223372036854775807", ""], ["b", "9223372036854775808", ""]));
        Assert.Equal(["a"], Keep("age < 0.3", ["a", "0.29999999999999999999999999999999", ""], ["b", "0.30000", ""]));
    }

    [Theory]
    [InlineData("name = TRUE", "1 2")]
    [InlineData("name <> TRUE", "3")]
    [InlineData("name = FALSE", "3")]
    [InlineData("NOT name = TRUE", "3")]
    public void Booleans_compare_with_true_and_false_in_any_case(string condition, string kept) =>
        Assert.Equal(kept, string.Join(' ', Kept(
            condition, Of(_pool, ["n", "name"], ["1", Raw("true")], ["2", "True"], ["3", "false"], ["4", "yes"], ["5", null]))));

    [Fact]
    public void Two_fields_compare_as_numbers_when_both_are_numbers_and_as_texts_otherwise()
    {
        Assert.Equal(["a", "c"], Keep("age < \"order id\"", ["a", "9", "10"], ["b", "9x", "10"], ["c", "10", "9x"]));
        Assert.Equal(["a"], Keep("age = \"order id\"", ["a", "1.0", "1"], ["b", "1.0", "1x"]));
    }

    [Fact]
    public void Escaped_json_strings_and_doubled_quotes_compare_by_what_they_say()
    {
        Assert.Equal(["1"], Kept("\"name\" = 'a\"b'", Of(_pool, ["n", "name"], ["1", Escaped("a\\\"b")], ["2", Escaped("a\\\\b")])));
        Assert.Equal(["1"], Kept("name LIKE '%\"_'", Of(_pool, ["n", "name"], ["1", Doubled("a\"\"b")], ["2", Doubled("a\"\"")])));
        Assert.Equal(["1"], Kept("name < other", Of(_pool, ["n", "name", "other"], ["1", Escaped("\\u0041"), Escaped("\\u0042")])));
    }

    [Fact]
    public void A_nested_value_compares_as_its_json_text() =>
        Assert.Equal(["1"], Kept("name = '{\"a\":1}'", Of(_pool, ["n", "name"], ["1", Raw("{\"a\":1}")], ["2", Raw("[1]")])));

    [Fact]
    public void Batches_with_different_columns_are_filtered_by_their_own_columns()
    {
        var filter = new FilterTransform(new FilterOptions { Condition = "b = 'x'" });
        var first = filter.Apply(Of(_pool, ["a", "b"], ["1", "x"], ["2", "y"]));
        var second = filter.Apply(Of(_pool, ["b", "c"], ["y", "3"], ["x", "4"]));
        var third = filter.Apply(Of(_pool, ["c"], ["5"]));
        Assert.Equal(["a=1 b=x"], Show(first));
        Assert.Equal(["b=x c=4"], Show(second));
        Assert.Empty(Show(third));
        first.Release();
        second.Release();
        third.Release();
        Assert.Equal(0, _pool.Lent);
    }

    [Fact]
    public void A_filter_looks_only_at_rows_that_an_earlier_filter_left()
    {
        var batch = new FilterTransform(new FilterOptions { Condition = "age > 1" }).Apply(
            Of(_pool, Names, ["a", "1", ""], ["b", "2", ""], ["c", "3", ""]));
        Assert.Equal(["b"], Kept("age < 3", batch));
    }

    [Fact]
    public void A_batch_of_many_rows_is_filtered_whole()
    {
        var rows = Enumerable.Range(0, 5000).Select(number => new object?[] { "n" + number, number.ToString(), "" }).ToArray();
        Assert.Equal(2500, Keep("age >= 2500", rows).Length);
    }

    [Fact]
    public void Several_workers_can_use_one_filter_and_one_selection_at_once()
    {
        var filter = new FilterTransform(new FilterOptions { Condition = "note = 'a\"b' AND @line_number < age" });
        var select = new SelectTransform(new SelectOptions { Drop = ["note"] });
        Parallel.For(0, 200, number =>
        {
            string[] names = number % 2 == 0 ? ["age", "note"] : ["note", "age"];
            object?[] row = number % 2 == 0 ? ["7", Escaped("a\\\"b")] : [Doubled("a\"\"b"), "7"];
            var batch = Of(_pool, names, row, row, row);
            batch.FirstLine = 5;
            batch.Metadata.SetNumbers("line_number", static (records, at) => records.LineOf(at));
            Assert.Equal(["age=7", "age=7"], Show(batch = select.Apply(filter.Apply(batch))));
            batch.Release();
        });
        Assert.Equal(0, _pool.Lent);
    }

    [Fact]
    public void A_row_that_stays_is_not_touched()
    {
        var batch = Of(_pool, Names, ["a", Escaped("\\u0031"), "x"]);
        var before = batch.Field(0, 1);
        new FilterTransform(new FilterOptions { Condition = "age = 1" }).Apply(batch);
        Assert.Equal(before, batch.Field(0, 1));
        Assert.False(batch.IsProjected);
        batch.Release();
    }

    private string[] Keep(string condition, params object?[][] rows) => Kept(condition, Of(_pool, Names, rows));

    private static string[] Kept(string condition, RecordBatch batch)
    {
        var kept = new FilterTransform(new FilterOptions { Condition = condition }).Apply(batch);
        var names = Enumerable.Range(0, kept.Count).Select(index => DataRecord.From(kept, kept.RowAt(index))[kept.Schema.Names[0]]!).ToArray();
        kept.Release();
        return names;
    }
}
