namespace DataFlow.UnitTests.Configuration;

public class KeyTests
{
    [Theory]
    [InlineData("topik: x", "topik: there is no such key. Did you mean 'topic'?")]
    [InlineData("authToken: x", "authToken: there is no such key. Did you mean 'auth-token'?")]
    [InlineData("AUTH_TOKEN: x", "AUTH_TOKEN: there is no such key. Did you mean 'auth-token'?")]
    [InlineData("max-poll: 1", "max-poll: there is no such key. Did you mean 'max-poll-records'?")]
    [InlineData("haeders: {}", "haeders: there is no such key. Did you mean 'headers'?")]
    [InlineData(
        "zzz: 1",
        "zzz: there is no such key; allowed are topic, auth-type, auth-token, pin, max-poll-records, max-restarts, heartbeat, enable-auto-commit, malformed-share, fetch-bytes, headers, partitions or limit.")]
    public void An_unknown_key_is_an_error_that_suggests_the_right_one(string option, string expected) =>
        Assert.Equal($"orders.yaml:7:5: source.options.{expected}", Configured.TopicProblems(option));

    [Fact]
    public void A_kind_without_options_says_so() => Assert.Equal(
        "orders.yaml:5:14: source.options.x: there is no such key; there are no options here, so remove it.",
        Configured.SourceProblems("type: websocket\nconnection: x\noptions: { x: 1 }"));

    [Fact]
    public void A_misspelt_required_key_is_not_called_missing_as_well() => Assert.Equal(
        "orders.yaml:5:14: source.options.topik: there is no such key. Did you mean 'topic'?",
        Configured.SourceProblems("type: kafka\nconnection: x\noptions: { topik: a }"));

    [Fact]
    [Trait("claim", "CFG-08")]
    public void A_required_option_that_is_absent_is_an_error() => Assert.Equal(
        "orders.yaml:3:3: source.options.topic: this is missing and must be given: The topic to read.",
        Configured.SourceProblems("type: kafka\nconnection: x"));

    [Theory]
    [InlineData(
        "type: file\nsourceType: file\nconnection: a",
        "4:3: source.sourceType: this is another name of 'type', which is given too on line 3; remove one of them.")]
    [InlineData(
        "type: file\nconnection: a\nconnectionString: a",
        "5:3: source.connectionString: this is another name of 'connection', which is given too on line 4; remove one of them.")]
    [InlineData(
        "type: file\nconnection: a\nbatchSize: 1\nbatch-size: 1",
        "6:3: source.batch-size: this is another name of 'batchSize', which is given too on line 5; remove one of them.")]
    [InlineData(
        "type: file\nconnection: a\npoll-interval-ms: 1\npollIntervalMs: 1",
        "6:3: source.pollIntervalMs: this is another name of 'poll-interval-ms', which is given too on line 5; remove one of them.")]
    public void Both_names_of_a_key_at_once_are_an_error(string source, string expected) =>
        Assert.Equal($"orders.yaml:{expected}", Configured.SourceProblems(source));

    [Fact]
    [Trait("claim", "CFG-01")]
    [Trait("claim", "CFG-04")]
    public void The_names_of_the_guide_mean_the_same()
    {
        var source = Configured.WithSource(
            "sourceType: kafka\nconnectionString: a:9092,b:9092\nconfig: { topic: x }\nbatchSize: 50\npollIntervalMs: 250").Source;

        Assert.Equal(("kafka", "a:9092,b:9092", 50), (source.Definition.Name, source.Settings.Connection, source.BatchSize));
        Assert.Equal(TimeSpan.FromMilliseconds(250), source.PollInterval);
        Assert.Equal("x", ((SampleTopicOptions)source.Settings.Options).Topic);
    }

    [Theory]
    [Trait("claim", "CFG-03")]
    [InlineData("options: { topic: a, max-poll-records: 7 }")]
    [InlineData("config: { topic: a, max-poll-records: '7' }")]
    [InlineData("options: { topic: a }\nconfig: { max-poll-records: 7 }")]
    [InlineData("options: { topic: a, max-poll-records: 7 }\nconfig: { topic: 'a', max-poll-records: '7' }")]
    public void Options_may_be_called_config_and_are_taken_together(string options)
    {
        var topic = (SampleTopicOptions)Configured.WithSource($"type: kafka\nconnection: x\n{options}").Source.Settings.Options;
        Assert.Equal(("a", 7), (topic.Topic, topic.MaxPollRecords));
    }

    [Fact]
    [Trait("claim", "CFG-03")]
    public void The_same_option_with_two_values_is_an_error() => Assert.Equal(
        "orders.yaml:6:22: source.config.topic: this has another value in options on line 5; options and config are the same, so remove one of them.",
        Configured.SourceProblems("type: kafka\nconnection: x\noptions: { topic: a }\nconfig:   { topic: b }"));

    [Theory]
    [Trait("claim", "CFG-05")]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(50)]
    [InlineData(10_000)]
    [InlineData(1_000_000)]
    public void Any_batch_size_from_one_is_valid(int size) =>
        Assert.Equal(size, Configured.WithSource($"type: file\nconnection: a\nbatch-size: {size}").Source.BatchSize);

    [Fact]
    [Trait("claim", "CFG-05")]
    public void A_batch_size_of_zero_is_refused() => Assert.Equal(
        "orders.yaml:5:15: source.batch-size: '0' is too small; allowed is 1 or more.",
        Configured.SourceProblems("type: file\nconnection: a\nbatch-size: 0"));

    [Theory]
    [Trait("claim", "CFG-06")]
    [InlineData("60000", 60_000)]
    [InlineData("'250'", 250)]
    [InlineData("2s", 2_000)]
    public void The_poll_interval_is_in_milliseconds(string text, int milliseconds) => Assert.Equal(
        TimeSpan.FromMilliseconds(milliseconds),
        Configured.WithSource($"type: file\nconnection: a\npoll-interval-ms: {text}").Source.PollInterval);

    [Fact]
    [Trait("claim", "CFG-07")]
    public void A_poll_interval_of_zero_is_valid_for_a_WebSocket() =>
        Assert.Equal(TimeSpan.Zero, Configured.WithSource("type: websocket\nconnection: x\npollIntervalMs: 0").Source.PollInterval);

    [Fact]
    public void What_does_not_fit_together_is_said_after_each_option_could_be_read()
    {
        Assert.Equal(
            "orders.yaml:6:5: source.options.auth-token: auth-type bearer needs a token.", Configured.TopicProblems("auth-type: bearer"));
        Assert.Equal(
            "orders.yaml:8:10: source.options.pin: the value (not shown) is no whole number; write a whole number.",
            Configured.TopicProblems("auth-type: bearer\npin: x"));
    }

    [Fact]
    public void A_misspelt_key_is_not_complained_about_again_by_the_record() => Assert.Equal(
        "orders.yaml:8:5: source.options.auth-tokn: there is no such key. Did you mean 'auth-token'?",
        Configured.TopicProblems("auth-type: bearer\nauth-tokn: x"));
}
