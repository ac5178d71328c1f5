using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors.Test;

public class TestSourceTemplateTests
{
    [Theory]
    [InlineData("int(1,3)", "^[1-3]$")]
    [InlineData("int(-5,-5)", "^-5$")]
    [InlineData("int(-9223372036854775808,9223372036854775807)", @"^-?\d{1,19}$")]
    [InlineData("decimal(-1,1,2)", @"^-?[01]\.\d\d$")]
    [InlineData("decimal(0.5, 0.5, 1)", @"^0\.5$")]
    [InlineData("decimal(0,9,0)", @"^\d$")]
    [InlineData("decimal(0,9.223372036854775807,18)", @"^\d\.\d{18}$")]
    [InlineData("name", @"^[^ ]+ [^ ]+$")]
    [InlineData("email", @"^[a-z.]+\d+@example\.com$")]
    [InlineData("uuid", "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
    [InlineData("choice(a, b ,\"c\")", "^(a|b|\"c\")$")]
    [InlineData("choice(a(b,c),d)", @"^(a\(b,c\)|d)$")]
    [InlineData("timestamp(2024-02-28T23:59:59Z, 1s)", "^2024-02-2[89]T..:..:..Z$")]
    [InlineData("timestamp(2024-01-01T01:00:00+01:00, 500ms)", @"^2024-01-01T00:..:..\..00000\dZ$")]
    [InlineData("timestamp(9999-12-31T00:00:00Z, 1d)", "^9999-12-31T00:00:00Z$")]
    [InlineData("sequence", @"^\d+$")]
    [InlineData("sequence(\"X\\)", "^\"X\\\\\\d+$")]
    [InlineData("bool", "^(true|false)$")]
    [InlineData("text(2,4)", "^[a-z2-7]{2,4}$")]
    [InlineData("text(0,0)", "^$")]
    [InlineData("null(0, int(1,5))", "^[1-5]$")]
    [InlineData("null(0.5, null(0.5, choice(a,b)))", "^[ab]?$")]
    public async Task A_generator_makes_values_of_its_kind(string generator, string expected)
    {
        var run = await TestSourceRun.ReadAsync(Options(generator));
        Assert.All(run.Records, record => Assert.Matches(expected, record["x"]));
    }

    [Theory]
    [InlineData("int(1,3)", 3)]
    [InlineData("decimal(0,1,1)", 11)]
    [InlineData("bool", 2)]
    [InlineData("choice(a,b,c,d)", 4)]
    [InlineData("sequence", 500)]
    [InlineData("uuid", 500)]
    [InlineData("text(1,1)", 32)]
    public async Task Every_possible_value_comes_and_none_beyond_the_bounds(string generator, int values)
    {
        var run = await TestSourceRun.ReadAsync(Options(generator));
        Assert.Equal(values, run.Records.Select(record => record["x"]).Distinct().Count());
    }

    [Fact]
    public async Task Fields_come_in_the_order_of_the_template()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions
        {
            TotalRecords = 1,
            Template = new Dictionary<string, string> { ["z"] = "int(1,1)", ["id"] = "sequence(A)", ["a \"b\""] = "bool" },
        });
        Assert.StartsWith("""{"z":1,"id":"A1","a \"b\"":""", run.Lines[0]);
        Assert.Equal("A1", run.Records[0].Id);
    }

    [Theory]
    [InlineData("integer", "one of: int(1,100), decimal(0,1000,2), name, email, uuid, choice(a,b,c), timestamp(2024-01-01T00:00:00Z, 1s), sequence, sequence(ORD-), bool, text(10,50), null(0.1, int(1,5))")]
    [InlineData("", "one of: int(1,100), decimal(0,1000,2), name, email, uuid, choice(a,b,c), timestamp(2024-01-01T00:00:00Z, 1s), sequence, sequence(ORD-), bool, text(10,50), null(0.1, int(1,5))")]
    [InlineData("int(1)", "the least and the most whole number, as in int(1,100)")]
    [InlineData("int(1,x)", "the least and the most whole number, as in int(1,100)")]
    [InlineData("int(5,1)", "the least and the most whole number, as in int(1,100)")]
    [InlineData("int(1,5", "one pair of parentheses around its arguments")]
    [InlineData("int(1,5))", "one pair of parentheses around its arguments")]
    [InlineData("name(1)", "no arguments: name")]
    [InlineData("decimal(0,1,19)", "the least and the most number and the count of decimals (0 to 18), as in decimal(0,1000,2)")]
    [InlineData("decimal(0,0.15,1)", "bounds with no more decimals than the third argument says, and at most 18 digits")]
    [InlineData("decimal(0,100000000000,10)", "bounds with no more decimals than the third argument says, and at most 18 digits")]
    [InlineData("choice()", "one or more texts, as in choice(a,b,c)")]
    [InlineData("timestamp(yesterday, 1s)", "the first moment and the time between records (ms, s, m, h, d), as in timestamp(2024-01-01T00:00:00Z, 1s)")]
    [InlineData("timestamp(2024-01-01T00:00:00Z, 0s)", "the first moment and the time between records (ms, s, m, h, d), as in timestamp(2024-01-01T00:00:00Z, 1s)")]
    [InlineData("text(5,1)", "the least and the most number of letters (0 to 1000000), as in text(10,50)")]
    [InlineData("null(2, name)", "a share from 0 to 1 and a generator, as in null(0.1, int(1,5))")]
    public void A_wrong_generator_is_named_with_what_was_expected(string generator, string expected)
    {
        var error = Assert.Throws<OptionException>(() => TestSourceDefinition.Definition.Create(TestSourceRun.Settings(Options(generator))));
        Assert.Equal("template", error.Key);
        Assert.Equal($"The generator '{generator}' of field 'x' is wrong: expected {expected}.", error.Message);
    }

    [Fact]
    public void A_template_without_fields_is_refused() => Assert.Equal(
        "The template is empty; give at least one field with its generator, such as age: int(18,90).",
        Refused(new TestSourceOptions { Template = new Dictionary<string, string>() }).Message);

    [Fact]
    public void A_field_that_audit_needs_is_refused()
    {
        var error = Refused(new TestSourceOptions { Audit = true, Template = new Dictionary<string, string> { ["run_id"] = "name" } });
        Assert.Equal("The option template can't be used here: the name 'run_id' is needed for audit or schema-drift; give that field another one.", error.Message);
    }

    [Fact]
    public void A_fault_that_needs_a_field_of_a_kind_is_refused_without_one()
    {
        Assert.Equal("late", Refused(new TestSourceOptions { Late = 0.1 }).Key);
        Assert.Equal("huge", Refused(new TestSourceOptions { Huge = 0.1, Template = new Dictionary<string, string> { ["a"] = "sequence" } }).Key);
    }

    private static OptionException Refused(TestSourceOptions options) =>
        Assert.Throws<OptionException>(() => TestSourceDefinition.Definition.Create(TestSourceRun.Settings(options)));

    private static TestSourceOptions Options(string generator) => new()
    {
        TotalRecords = 500,
        Template = new Dictionary<string, string> { ["x"] = generator },
    };
}
