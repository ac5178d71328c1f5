using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Configuration;

/// <summary>What a change of a definition would do.</summary>
public sealed class PipelinePlanTests
{
    private const string Orders = """
        name: orders
        source: { type: file, connection: in.csv, options: { format: csv } }
        sink: { type: database, connection: "Host=db;Password=abc", options: { table: t, password: abc } }
        """;

    [Fact]
    public void The_same_written_otherwise_is_unchanged()
    {
        var plan = Plan(Orders.Replace("format: csv", "format: CSV, has-header: true", StringComparison.Ordinal));

        Assert.Equal(PlanOutcome.Unchanged, plan.Outcome);
        Assert.Empty(plan.Changes);
    }

    [Theory]
    [InlineData("workers: 2", "workers", "0", "2")]
    [InlineData("max-latency: 5s", "max-latency", null, "5s")]
    [InlineData("delivery: at-least-once", "delivery", null, "at-least-once")]
    [InlineData("until: forever", "until", null, "forever")]
    [InlineData("transforms: [ { filter: \"a = 1\" } ]", "transforms[0].filter.condition", null, "a = 1")]
    public void What_does_not_touch_the_positions_is_a_restart(string more, string key, string? before, string after)
    {
        var plan = Plan($"{Orders}\n{more}");

        Assert.Equal(PlanOutcome.Restart, plan.Outcome);
        Assert.Equal(new PlanChange(key, before, after, IsIdentity: false), Assert.Single(plan.Changes));
    }

    [Fact]
    public void A_changed_secret_is_a_change_that_shows_nothing()
    {
        var plan = Plan(Orders.Replace("abc", "def", StringComparison.Ordinal));

        Assert.Equal(PlanOutcome.Restart, plan.Outcome);
        Assert.Equal(
            [new PlanChange("sink.connection", "Host=db;Password=***", "Host=db;Password=***", false), new PlanChange("sink.options.password", "***", "***", false)],
            plan.Changes);
        Assert.Contains("old sink", plan.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_data_would_be_read_again_once_something_was_read()
    {
        var other = Orders.Replace("format: csv", "format: csv, encoding: utf-16", StringComparison.Ordinal);

        Assert.Equal(PlanOutcome.WouldReRead, Plan(other).Outcome);
        Assert.True(Assert.Single(Plan(other).Changes).IsIdentity);
        Assert.Equal(PlanOutcome.Restart, PipelinePlan.Compare(Parse(Orders), Parse(other), [null]).Outcome);
    }

    private static PipelinePlan Plan(string proposed) =>
        PipelinePlan.Compare(Parse(Orders), Parse(proposed), [SourceFingerprint.Of(Parse(Orders).Source).ToString()]);

    private static PipelineDefinition Parse(string text) => PipelineFile.Parse(text, "pipeline.yaml", BuiltInCatalogue.Instance);
}
