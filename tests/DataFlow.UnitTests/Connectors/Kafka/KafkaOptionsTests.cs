using Confluent.Kafka;
using DataFlow.Connectors;
using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Connectors;

/// <summary>The guide's Kafka options: their defaults, what they become for the client, and what is said about wrong ones.</summary>
public sealed class KafkaOptionsTests
{
    [Fact]
    [Trait("claim", "KAFKA-01")]
    public void A_topic_is_required()
    {
        var problem = Assert.Single(Problems());

        Assert.Contains("topic", problem, StringComparison.Ordinal);
        Assert.Contains("missing", problem, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "KAFKA-02")]
    [Trait("claim", "KAFKA-03")]
    [Trait("claim", "KAFKA-04")]
    [Trait("claim", "KAFKA-05")]
    [Trait("claim", "KAFKA-06")]
    public void The_defaults_are_those_of_the_guide()
    {
        var setup = Setup(("topic", "my-topic"));

        Assert.Equal("dataflow-orders", setup.Group);
        Assert.Equal(KafkaFormat.Json, setup.Options.Format);
        Assert.Equal(["earliest"], setup.Options.AutoOffsetReset);
        Assert.False(setup.Options.EnableAutoCommit);
        Assert.Equal(500, setup.Options.MaxPollRecords);
    }

    [Fact]
    [Trait("claim", "KAFKA-05")]
    public void Offsets_are_stored_by_us_unless_auto_commit_is_asked_for_which_costs_the_guarantee()
    {
        Assert.Equal("false", Setup(("topic", "t")).Properties("c")["enable.auto.offset.store"]);
        Assert.Equal("true", Setup(("topic", "t"), ("enable-auto-commit", "true")).Properties("c")["enable.auto.offset.store"]);

        var source = Bind(("topic", "t"), ("enable-auto-commit", "true"));
        var capabilities = source.Definition.Capabilities(source.Settings);
        Assert.False(capabilities.Replayable);
        Assert.Contains("enable-auto-commit is true", capabilities.WhyNotReplayable, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "KAFKA-24")]
    public void Batch_sizes_and_poll_intervals_are_advice_without_bounds()
    {
        foreach (var (size, interval) in new[] { (1, 1L), (100, 100L), (500, 500L), (1000, 1000L), (5000, 5000L), (50_000, 60_000L) })
        {
            var source = SourceBinding.Bind("orders", Config(("topic", "t")) with { BatchSize = size, PollIntervalMs = interval }, BuiltInCatalogue.Instance);
            Assert.Equal((size, TimeSpan.FromMilliseconds(interval)), (source.BatchSize, source.PollInterval));
        }
    }

    [Theory]
    [InlineData("format", "avro", "json, string")]
    [InlineData("topik", "orders", "Did you mean 'topic'?")]
    [InlineData("auto-offset-reset", "earlyest", "earliest, latest, error, timestamp:")]
    [InlineData("auto-offset-reset", "timestamp:yesterday", "is no time")]
    [InlineData("max-poll-records", "0", "too small")]
    [InlineData("client", "{ enable.auto.commit: true }", "after the sink has acknowledged")]
    [InlineData("client", "{ group.id: other }", "the option group-id sets it")]
    [InlineData("client", "{ transactional.id: other }", "two pipelines never share one")]
    [InlineData("client", "{ enabled_events: 0 }", "meant for programs")]
    [InlineData("client", "{ transaction.timeout.ms: 1000 }", "the option delivery-timeout sets it")]
    [InlineData("username", "me", "no effect without sasl")]
    [InlineData("cert-file", "a.pem", "needs both cert-file and key-file")]
    public void A_wrong_option_is_refused_with_a_sentence(string key, string value, string expected) =>
        Assert.Contains(Problems(("topic", "orders"), (key, value)), problem => problem.Contains(expected, StringComparison.Ordinal));

    [Theory]
    [InlineData("no such name!", "is no name of a topic")]
    [InlineData("^orders(", "is no regular expression")]
    public void A_topic_that_can_not_exist_is_refused(string topic, string expected) =>
        Assert.Contains(Problems(("topic", topic)), problem => problem.Contains(expected, StringComparison.Ordinal));

    [Fact]
    public void Properties_of_the_client_that_it_does_not_have_are_refused_before_anything_is_read()
    {
        var source = Bind(("topic", "t"), ("client", "{ fetch.wite.max.ms: 5 }"));

        var error = Assert.Throws<OptionException>(() => source.Definition.Create(source.Settings));

        Assert.Equal("client", error.Key);
        Assert.Contains("fetch.wite.max.ms", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "KAFKA-30")]
    public void What_the_guide_advises_against_rebalances_can_be_set()
    {
        Assert.Equal("60000", Setup(("topic", "t"), ("session-timeout", "60s")).Properties("c")["session.timeout.ms"]);
        Assert.Equal("70000", Setup(("topic", "t"), ("client", "{ session.timeout.ms: 70000 }")).Properties("c")["session.timeout.ms"]);
        Assert.Equal(50, Setup(("topic", "t"), ("max-poll-records", "50")).Options.MaxPollRecords);
    }

    [Theory]
    [InlineData("1s", "333", "300000")]
    [InlineData("6s", "2000", "300000")]
    [InlineData("45s", "3000", "300000")]
    [InlineData("3600s", "3000", "3600000")]
    public void Heartbeats_and_polls_fit_the_session(string session, string heartbeat, string polls)
    {
        var properties = Setup(("topic", "t"), ("session-timeout", session)).Properties("c");
        using var client = new ConsumerBuilder<Ignore, Ignore>(properties).SetLogHandler((_, _) => { }).Build();

        Assert.Equal((heartbeat, polls), (properties["heartbeat.interval.ms"], properties["max.poll.interval.ms"]));
    }

    [Fact]
    public void The_client_is_known_to_the_brokers_by_the_name_that_the_user_gives_it()
    {
        Assert.Equal("c", Setup(("topic", "t")).Properties("c")["client.id"]);
        Assert.Equal("mine", Setup(("topic", "t"), ("client", "{ client.id: mine }")).Properties("c")["client.id"]);
    }

    [Theory]
    [InlineData("plain", "PLAIN")]
    [InlineData("scram-sha-256", "SCRAM-SHA-256")]
    [InlineData("scram-sha-512", "SCRAM-SHA-512")]
    public void Logins_become_the_clients_properties(string sasl, string mechanism)
    {
        var properties = Setup(("topic", "t"), ("tls", "true"), ("sasl", sasl), ("username", "me"), ("password", "secret")).Properties("c");

        Assert.Equal(
            ("sasl_ssl", mechanism, "me", "secret"),
            (properties["security.protocol"], properties["sasl.mechanism"], properties["sasl.username"], properties["sasl.password"]));
    }

    [Fact]
    public void Certificates_and_tokens_become_the_clients_properties()
    {
        var mutual = Setup(("topic", "t"), ("ca-file", "ca.pem"), ("cert-file", "c.pem"), ("key-file", "c.key"), ("key-password", "p")).Properties("c");
        Assert.Equal(
            ("ssl", "ca.pem", "c.pem", "c.key", "p"),
            (mutual["security.protocol"], mutual["ssl.ca.location"], mutual["ssl.certificate.location"], mutual["ssl.key.location"], mutual["ssl.key.password"]));

        var token = Setup(
            ("topic", "t"), ("sasl", "oauthbearer"), ("oauth-token-url", "https://login.example.com"), ("oauth-client-id", "me"), ("oauth-client-secret", "s")).Properties("c");
        Assert.Equal(
            ("sasl_plaintext", "OAUTHBEARER", "oidc", "me"),
            (token["security.protocol"], token["sasl.mechanism"], token["sasl.oauthbearer.method"], token["sasl.oauthbearer.client.id"]));
    }

    [Fact]
    public void The_new_group_protocol_is_never_given_settings_that_it_refuses()
    {
        var properties = Setup(("topic", "t"), ("group-protocol", "consumer")).Properties("c");

        Assert.Equal("consumer", properties["group.protocol"]);
        Assert.False(properties.ContainsKey("session.timeout.ms") || properties.ContainsKey("partition.assignment.strategy"));
        Assert.Equal("cooperative-sticky", Setup(("topic", "t")).Properties("c")["partition.assignment.strategy"]);
    }

    private static SourceConfig Config(params (string Key, string Value)[] options) => new()
    {
        SourceType = "kafka",
        ConnectionString = "localhost:9092",
        Options = options.ToDictionary(option => option.Key, option => option.Value),
    };

    private static PipelineSource Bind(params (string Key, string Value)[] options) =>
        SourceBinding.Bind("orders", Config(options), BuiltInCatalogue.Instance);

    private static KafkaSourceSetup Setup(params (string Key, string Value)[] options) => new(Bind(options).Settings);

    private static IEnumerable<string> Problems(params (string Key, string Value)[] options) =>
        Assert.Throws<ConfigurationException>(() => Bind(options)).Problems.Select(problem => problem.ToString());
}
