using System.Globalization;

namespace DataFlow.UnitTests.Configuration;

public class OptionValueTests
{
    [Theory]
    [Trait("claim", "CFG-11")]
    [InlineData("enable-auto-commit: true", true)]
    [InlineData("enable-auto-commit: \"true\"", true)]
    [InlineData("enable-auto-commit: 'True'", true)]
    [InlineData("enable-auto-commit: FALSE", false)]
    public void Booleans_are_native_or_text(string option, bool expected) =>
        Assert.Equal(expected, Configured.Topic(option).EnableAutoCommit);

    [Theory]
    [Trait("claim", "CFG-11")]
    [InlineData("max-poll-records: 250", 250)]
    [InlineData("max-poll-records: \"500\"", 500)]
    [InlineData("max-poll-records: \" 7 \"", 7)]
    public void Whole_numbers_are_native_or_text(string option, int expected) =>
        Assert.Equal(expected, Configured.Topic(option).MaxPollRecords);

    [Fact]
    [Trait("claim", "CFG-11")]
    public void A_negative_number_may_be_text() => Assert.Equal(-1, Configured.Topic("max-restarts: \"-1\"").MaxRestarts);

    [Theory]
    [Trait("claim", "CFG-11")]
    [InlineData("enable-auto-commit: yes", "enable-auto-commit: 'yes' is neither true nor false; write one of them.")]
    [InlineData("enable-auto-commit: 1", "enable-auto-commit: '1' is neither true nor false; write one of them.")]
    [InlineData("max-poll-records: many", "max-poll-records: 'many' is no whole number; write a whole number.")]
    [InlineData("max-poll-records: 1.5", "max-poll-records: '1.5' is no whole number; write a whole number.")]
    [InlineData("max-poll-records: 1_000", "max-poll-records: '1_000' is no whole number; write a whole number.")]
    [InlineData("max-poll-records: 99999999999", "max-poll-records: '99999999999' is too large; write a whole number up to 2147483647.")]
    [InlineData("max-poll-records: 0", "max-poll-records: '0' is too small; allowed is 1 to 10000.")]
    [InlineData("max-poll-records: 10001", "max-poll-records: '10001' is too large; allowed is 1 to 10000.")]
    [InlineData("max-restarts: -2", "max-restarts: '-2' is too small; allowed is -1 or more.")]
    [InlineData("malformed-share: 1.01", "malformed-share: '1.01' is too large; allowed is 0 to 1.")]
    [InlineData("malformed-share: NaN", "malformed-share: 'NaN' is no number; write a number.")]
    [InlineData(
        "heartbeat: 5 minutes",
        "heartbeat: '5 minutes' is no duration; write a number with ms, s, m, h or d, such as 30s, or a bare number of s.")]
    [InlineData("heartbeat: 2h", "heartbeat: '2h' is too large; allowed is 0s to 1h.")]
    [InlineData(
        "fetch-bytes: lots",
        "fetch-bytes: 'lots' is no size; write a number with B, KB, MB, GB, KiB, MiB or GiB, such as 16MiB, or a bare number of bytes.")]
    [InlineData("fetch-bytes: 2MiB", "fetch-bytes: '2MiB' is too large; allowed is 1KiB to 1MiB.")]
    [InlineData("auth-type: bearr", "auth-type: 'bearr' is not allowed; write none, bearer or api-key. Did you mean 'bearer'?")]
    [InlineData("auth-type: oauth", "auth-type: 'oauth' is not allowed; write none, bearer or api-key.")]
    [InlineData("auth-token: [a, b]", "auth-token: a list was found here; write one text.")]
    [InlineData("auth-token: {a: b}", "auth-token: a map was found here; write one text.")]
    [InlineData("headers: [a]", "headers: a list was found here; write a map of texts, such as {name: value}.")]
    [InlineData("headers: {a: [b]}", "headers: the value of 'a' is no text; give each name one text.")]
    [InlineData("headers: text", "headers: 'text' is no map; write a map of texts, such as {name: value}.")]
    [InlineData(
        "partitions: [a, [b]]",
        "partitions: an item of this list is no text; put text that YAML takes for something else in quotes.")]
    [InlineData("partitions: '[a, '", "partitions: '[a, ' is no list; write a list of texts, such as [a, b].")]
    public void What_cannot_be_read_is_said_with_key_value_and_what_is_allowed(string option, string expected)
    {
        var column = option.IndexOf(':', StringComparison.Ordinal) + 7;
        Assert.Equal($"orders.yaml:7:{column}: source.options.{expected}", Configured.TopicProblems(option));
    }

    [Theory]
    [InlineData("max-poll-records:", "max-poll-records: there is no value; write a whole number, or leave the key out.")]
    [InlineData("max-poll-records: null", "max-poll-records: null means no value; write a whole number, or leave the key out.")]
    [InlineData(
        "limit: 1\nauth-token: NULL",
        "auth-token: NULL without quotes means no value; put it in quotes to mean the text, or leave the key out.")]
    [InlineData("auth-token:", "auth-token: there is no value; write one text (\"\" for an empty one), or leave the key out.")]
    [InlineData("limit:", "limit: there is no value; write a whole number, or leave the key out.")]
    public void Nothing_is_not_silently_a_default(string option, string expected) =>
        Assert.Contains($"source.options.{expected}", Configured.TopicProblems(option), StringComparison.Ordinal);

    [Fact]
    public void Null_is_a_value_where_an_option_has_no_default() => Assert.Null(Configured.Topic("limit: null").Limit);

    [Theory]
    [InlineData("10", 10_000)]
    [InlineData("10s", 10_000)]
    [InlineData("500ms", 500)]
    [InlineData("5m", 300_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1.5s", 1500)]
    [InlineData("\"0\"", 0)]
    public void A_duration_has_a_unit_or_is_a_bare_number_of_the_options_unit(string text, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Configured.Topic($"heartbeat: {text}").Heartbeat);

    [Theory]
    [InlineData("auth-type: Bearer\nauth-token: x", SampleAuth.Bearer)]
    [InlineData("auth-type: jwt\nauth-token: x", SampleAuth.Bearer)]
    [InlineData("auth-type: API-KEY", SampleAuth.ApiKey)]
    public void A_choice_is_read_by_all_of_its_names_in_any_case(string options, object expected) =>
        Assert.Equal(expected, Configured.Topic(options).AuthType);

    [Theory]
    [InlineData("headers: { Accept: a/b, X: 7 }")]
    [InlineData("headers: '{\"Accept\": \"a/b\", \"X\": \"7\"}'")]
    public void A_map_is_a_map_or_JSON_text(string option) =>
        Assert.Equal(new Dictionary<string, string> { ["Accept"] = "a/b", ["X"] = "7" }, Configured.Topic(option).Headers);

    [Theory]
    [InlineData("partitions: [a, 'b,c', 3]", "a|b,c|3")]
    [InlineData("partitions: '[\"a\", \"b,c\"]'", "a|b,c")]
    [InlineData("partitions: a, b", "a|b")]
    [InlineData("partitions: []", "")]
    public void A_list_is_a_list_or_JSON_text_or_texts_with_commas(string option, string expected) =>
        Assert.Equal(expected, string.Join('|', Configured.Topic(option).Partitions));

    [Theory]
    [InlineData("topic: 1000", "1000")]
    [InlineData("topic: 007", "007")]
    [InlineData("topic: 1.50", "1.50")]
    [InlineData("topic: true", "true")]
    [InlineData("topic: 'a # b'", "a # b")]
    public void Text_is_taken_as_it_is_written(string option, string expected)
    {
        var pipeline = Configured.WithSource($"type: kafka\nconnection: x\noptions: {{ {option} }}");
        Assert.Equal(expected, ((SampleTopicOptions)pipeline.Source.Settings.Options).Topic);
    }

    [Fact]
    public void Numbers_are_read_the_same_in_every_culture()
    {
        var culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("de-DE");
            Assert.Equal(0.5, Configured.Topic("malformed-share: 0.5").MalformedShare);
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
