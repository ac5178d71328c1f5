using System.Text;
using DataFlow.Transforms;
using static DataFlow.UnitTests.Transforms.Batches;

namespace DataFlow.UnitTests.Transforms;

public class CheckTests
{
    private static readonly string[] Names = ["id", "amount", "mail"];

    private readonly BatchPool _pool = new();

    [Fact]
    [Trait("claim", "OPS-11")]
    public void A_record_that_meets_no_rule_of_several_is_a_dead_letter_that_names_them_and_what_was_found()
    {
        var batch = Check(
            Of(_pool, Names, ["1", "10", "a@x.ch"], ["2", "-5", "nobody"], ["3", "7", null], ["4", "1", "b@x.ch"]),
            ("positive", "amount > 0"), ("has-mail", "mail LIKE '%_@_%'"));

        Assert.Equal(["id=1 amount=10 mail=a@x.ch", "id=4 amount=1 mail=b@x.ch"], Show(batch));
        Assert.Equal(
            [
                "The record does not meet positive (amount > 0): amount is '-5'; has-mail (mail LIKE '%_@_%'): mail is 'nobody'.",
                "The record does not meet has-mail (mail LIKE '%_@_%'): mail has no value.",
            ],
            batch.Errors.Select(error => error.Message));
        Assert.All(batch.Errors, error => Assert.Equal(("transform", "check-failed"), (error.Stage, error.Reason)));
        Assert.Equal("2-5nobody", Encoding.UTF8.GetString(batch.Errors[0].Raw));
        batch.Release();
    }

    [Theory]
    [InlineData("many", "The record does not meet rule (amount > 0): amount is 'many'.")]
    [InlineData(null, "The record does not meet rule (amount > 0): amount has no value.")]
    public void What_is_unknown_does_not_pass(string? amount, string message)
    {
        var batch = Check(Of(_pool, Names, ["1", amount, "m"]), ("rule", "amount > 0"));

        Assert.Empty(Show(batch));
        Assert.Equal(message, Assert.Single(batch.Errors).Message);
        batch.Release();
    }

    [Fact]
    public void A_batch_in_which_all_is_well_stays_as_it_is()
    {
        var batch = Check(Of(_pool, Names, ["1", "1", "m"], ["2", "2", "m"]), ("rule", "amount > 0"));

        Assert.Equal(2, batch.Count);
        Assert.Empty(batch.Errors);
        batch.Release();
    }

    [Fact]
    public void Records_that_were_filtered_before_are_not_checked()
    {
        var batch = Of(_pool, Names, ["1", "-1", "m"], ["2", "2", "m"], ["3", "-3", "m"]);
        batch.Select([1, 2]);

        Check(batch, ("rule", "amount > 0"));

        Assert.Equal(["id=2 amount=2 mail=m"], Show(batch));
        Assert.Contains("'-3'", Assert.Single(batch.Errors).Message, StringComparison.Ordinal);
        batch.Release();
    }

    [Fact]
    public void A_long_value_is_cut_in_the_sentence()
    {
        var batch = Check(Of(_pool, Names, ["1", "-1", new string('x', 500)]), ("rule", "mail = 'm'"));

        Assert.Equal($"The record does not meet rule (mail = 'm'): mail is '{new string('x', 60)}...'.", Assert.Single(batch.Errors).Message);
        batch.Release();
    }

    [Fact]
    public void With_on_fail_fail_it_stops_and_says_what_to_do()
    {
        var batch = Of(_pool, Names, ["1", "-1", "m"]);
        var check = new CheckTransform(new CheckOptions { Rules = Map(("rule", "amount > 0")), OnFail = FailedCheckPolicy.Fail });

        var failure = Assert.Throws<ConnectorException>(() => check.Apply(batch));

        Assert.Equal(
            "rows, record 0: The record does not meet rule (amount > 0): amount is '-1'. Mend the data or the rule, or write on-fail: dead-letter.",
            failure.Message);
        Assert.Equal(FaultOwner.User, failure.Owner);
        batch.Release();
    }

    [Fact]
    public void Without_rules_or_with_a_wrong_one_it_is_refused()
    {
        Assert.Equal(
            "There is no rule; write one such as: positive-amount: \"amount > 0\".",
            Assert.Throws<OptionException>(() => new CheckTransform(new CheckOptions())).Message);
        var wrong = Assert.Throws<OptionException>(() => new CheckTransform(new CheckOptions { Rules = Map(("rule", "amount >")) }));
        Assert.Equal("rules", wrong.Key);
        Assert.StartsWith("Rule 'rule': The condition 'amount >' is wrong at column 9", wrong.Message, StringComparison.Ordinal);
    }

    private static RecordBatch Check(RecordBatch batch, params (string Name, string Condition)[] rules) =>
        new CheckTransform(new CheckOptions { Rules = Map(rules) }).Apply(batch);

    private static Dictionary<string, string> Map(params (string Name, string Value)[] entries) =>
        entries.ToDictionary(entry => entry.Name, entry => entry.Value);
}
