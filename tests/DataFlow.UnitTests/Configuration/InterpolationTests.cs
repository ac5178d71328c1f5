using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Configuration;

public class InterpolationTests
{
    [Theory]
    [Trait("claim", "CFG-09")]
    [InlineData("GITHUB_TOKEN")]
    [InlineData("WS_TOKEN")]
    [InlineData("DB_USER")]
    [InlineData("DB_PASS")]
    [InlineData("REPLICA_PASSWORD")]
    public void A_value_comes_from_an_environment_variable(string variable) =>
        Assert.Equal("s3cret", Configured.Topic($"auth-token: ${{env:{variable}}}", (variable, "s3cret")).AuthToken);

    [Fact]
    [Trait("claim", "CFG-09")]
    public void A_variable_that_is_not_set_is_an_error_that_names_it() => Assert.Equal(
        "orders.yaml:7:17: source.options.auth-token: the environment variable GITHUB_TOKEN is not set; set it, or give a default: ${env:GITHUB_TOKEN:-default}.",
        Configured.TopicProblems("auth-token: ${env:GITHUB_TOKEN}"));

    [Theory]
    [InlineData("a: b")]
    [InlineData("# no comment")]
    [InlineData("p@ss\"word'$ {x} \\ \n second: line")]
    [InlineData("${env:OTHER}")]
    [InlineData("null")]
    public void Whatever_a_variable_holds_it_is_one_value(string value) =>
        Assert.Equal(value, Configured.Topic("auth-token: ${env:TOKEN}", ("TOKEN", value)).AuthToken);

    [Theory]
    [InlineData("${env:A}", "1")]
    [InlineData("x${env:A}-${env:B}y", "x1-2y")]
    [InlineData("${env:A:-default}", "1")]
    [InlineData("${env:C:-default}", "default")]
    [InlineData("${env:EMPTY:-default}", "default")]
    [InlineData("${env:EMPTY}", "")]
    [InlineData("${env:C:-}", "")]
    [InlineData("${env:C:-a:-b c}", "a:-b c")]
    [InlineData("$${env:A}", "${env:A}")]
    [InlineData("$$ $A $(A) a$", "$$ $A $(A) a$")]
    public void References_are_replaced_within_a_value(string written, string expected) => Assert.Equal(
        expected, Configured.Topic($"auth-token: '{written}'", ("A", "1"), ("B", "2"), ("EMPTY", "")).AuthToken);

    [Theory]
    [InlineData("${HOME}", "this '${...}' is unknown; write ${env:NAME}, ${env:NAME:-default} or ${file:path}, or $${ for the text itself.")]
    [InlineData(
        "${env:a-b}",
        "this '${...}' is unknown; write ${env:NAME}, ${env:NAME:-default} or ${file:path}, or $${ for the text itself.")]
    [InlineData("${env:}", "this '${...}' is unknown; write ${env:NAME}, ${env:NAME:-default} or ${file:path}, or $${ for the text itself.")]
    [InlineData("${env:A", "'${' has no closing '}'; add it, or write $${ for the text itself.")]
    public void A_reference_that_cannot_be_read_is_refused(string written, string expected) =>
        Assert.Equal(
            $"orders.yaml:7:17: source.options.auth-token: {expected}", Configured.TopicProblems($"auth-token: '{written}'", ("A", "1")));

    [Fact]
    public void A_number_comes_from_a_variable() =>
        Assert.Equal(250, Configured.Topic("max-poll-records: ${env:RECORDS}", ("RECORDS", "250")).MaxPollRecords);

    [Fact]
    public void A_value_that_cannot_be_replaced_is_complained_about_once() => Assert.Equal(
        "orders.yaml:3:9: source.type: the environment variable KIND is not set; set it, or give a default: ${env:KIND:-default}.",
        Configured.SourceProblems("type: ${env:KIND}\nconnection: x"));

    [Theory]
    [InlineData("pin: ${env:SECRET}", "pin: the value (not shown) is no whole number; write a whole number.")]
    [InlineData("pin: hunter2", "pin: the value (not shown) is no whole number; write a whole number.")]
    [InlineData(
        "max-poll-records: ${env:SECRET}",
        "max-poll-records: the value of '${env:SECRET}' is no whole number; write a whole number.")]
    [InlineData("auth-type: ${env:SECRET}", "auth-type: the value of '${env:SECRET}' is not allowed; write none, bearer or api-key.")]
    [InlineData("auth-token: bad-${env:SECRET}", "auth-token: '***' is no token.")]
    [InlineData("auth-token: bad-hunter2", "auth-token: '***' is no token.")]
    public void Secrets_are_never_printed(string option, string expected)
    {
        var problems = Configured.TopicProblems(option, ("SECRET", "hunter2"));

        Assert.DoesNotContain("hunter2", problems, StringComparison.Ordinal);
        Assert.EndsWith($"source.options.{expected}", problems, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipeline_that_is_printed_shows_no_secrets()
    {
        var pipeline = Configured.WithSource("type: kafka\nconnection: x\noptions: { topic: a, auth-token: hunter2 }");

        Assert.Equal("pipeline orders", pipeline.ToString());
        Assert.Equal("source kafka", pipeline.Source.ToString());
        var shown = OptionDisplay.Of(pipeline.Source.Settings.Options);
        Assert.Contains(new OptionDisplay("auth-token", "***", IsDefault: false), shown);
        Assert.Contains(new OptionDisplay("topic", "a", IsDefault: false), shown);
        Assert.Contains(new OptionDisplay("max-poll-records", "500", IsDefault: true), shown);
    }
}
