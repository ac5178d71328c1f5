using DataFlow.Transforms;

namespace DataFlow.UnitTests.Transforms;

public class ConditionErrorTests
{
    private const string Value = "a field, a number, a text in single quotes, TRUE, FALSE or @metadata";
    private const string Test = "=, <>, <, <=, >, >=, IN, LIKE, BETWEEN or IS";

    [Theory]
    [InlineData("age >=", 7, "the end", Value)]
    [InlineData("age >= )", 8, "')'", Value)]
    [InlineData("age", 4, "the end", Test)]
    [InlineData("age 18", 5, "'18'", Test)]
    [InlineData("age == 18", 6, "'='", Value)]
    [InlineData("(age = 18", 10, "the end", "AND, OR or )")]
    [InlineData("age = 18 nam = 'x'", 10, "'nam'", "AND, OR or the end")]
    [InlineData("age = 18 AND", 13, "the end", "NOT, ( or " + Value)]
    [InlineData("age = 18, 19", 9, "','", "AND, OR or the end")]
    [InlineData("name = 'Ann", 8, "''Ann'", "a closing '")]
    [InlineData("name = 'Ann''", 8, "''Ann'", "a closing '")]
    [InlineData("\"name = 5", 1, "'\"name'", "a closing \"")]
    [InlineData("age IN 5", 8, "'5'", "( and a list of values")]
    [InlineData("age IN ()", 9, "')'", Value)]
    [InlineData("age IN (1, 2", 13, "the end", ", or )")]
    [InlineData("age NOT 5", 9, "'5'", "IN, LIKE or BETWEEN")]
    [InlineData("name LIKE x", 11, "'x'", "a pattern in single quotes")]
    [InlineData("name LIKE 'x' ESCAPE 'ab'", 22, "''ab'", "one character in single quotes")]
    [InlineData("age BETWEEN 1 OR 2", 15, "'OR'", "AND and the upper bound")]
    [InlineData("age IS 5", 8, "'5'", "NULL or NOT NULL")]
    [InlineData("age IS NOT 5", 12, "'5'", "NULL")]
    [InlineData("age = 18x", 7, "'18x'", "a number such as 18, -2.5 or 1e6")]
    [InlineData("age = 1.2.3", 7, "'1.2.3'", "a number such as 18, -2.5 or 1e6")]
    [InlineData("age = NULL", 7, "'NULL'", "a value; a comparison with NULL is never true, use IS NULL or IS NOT NULL")]
    [InlineData("age IN (1, NULL)", 12, "'NULL'", "a value; a comparison with NULL is never true, use IS NULL or IS NOT NULL")]
    [InlineData("1 = 1", 1, "'1'", "a field on one side of the comparison at least")]
    [InlineData("age < TRUE", 7, "'TRUE'", "a number or a text; TRUE and FALSE can be compared by = and <> only")]
    [InlineData("5 IS NULL", 1, "'5'", "a field or @metadata before LIKE and IS")]
    [InlineData("; drop", 1, "';'", "NOT, ( or " + Value)]
    public void A_wrong_condition_says_where_what_was_found_and_what_was_expected(string condition, int column, string found, string expected)
    {
        var error = Assert.Throws<OptionException>(() => new FilterTransform(new FilterOptions { Condition = condition }));
        Assert.Equal("condition", error.Key);
        Assert.Equal($"The condition '{condition}' is wrong at column {column}: found {found}, expected {expected}.", error.Message);
    }

    [Fact]
    public void A_pattern_that_ends_with_its_escape_character_is_refused()
    {
        var error = Assert.Throws<OptionException>(() => new FilterTransform(new FilterOptions { Condition = @"name LIKE 'a\' ESCAPE '\'" }));
        Assert.EndsWith(@"expected another pattern: the escape character '\' must be followed by %, _ or itself.", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    public void An_empty_condition_is_refused(string condition) =>
        Assert.Equal(
            "The condition is empty; write one such as: age >= 18.",
            Assert.Throws<OptionException>(() => new FilterTransform(new FilterOptions { Condition = condition })).Message);

    [Fact]
    public void A_condition_that_is_nested_too_deeply_is_refused_instead_of_overflowing_the_stack()
    {
        var condition = new string('(', 100_000) + "a = 1" + new string(')', 100_000);
        Assert.Equal("condition", Assert.Throws<OptionException>(() => new FilterTransform(new FilterOptions { Condition = condition })).Key);
    }

    [Fact]
    public void A_long_condition_without_nesting_is_fine() =>
        Assert.NotNull(new FilterTransform(new FilterOptions { Condition = string.Join(" OR ", Enumerable.Repeat("a = 1", 10_000)) }));
}
