using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Configuration;

public class SourceConfigTests
{
    private static readonly SourceConfig Config = new()
    {
        SourceType = SourceType.Kafka,
        ConnectionString = "localhost:9092",
        Options = new Dictionary<string, string>
        {
            ["topic"] = "orders",
            ["max-poll-records"] = "500",
            ["max-restarts"] = "-1",
            ["enable-auto-commit"] = "true",
            ["headers"] = "{\"Accept\":\"a/b\"}",
            ["partitions"] = "1,2",
        },
        BatchSize = 50,
        PollIntervalMs = 100,
    };

    [Fact]
    [Trait("claim", "CFG-01")]
    public void A_configuration_has_exactly_five_properties() => Assert.Equal(
        ["BatchSize", "ConnectionString", "Options", "PollIntervalMs", "SourceType"],
        typeof(SourceConfig).GetProperties().Select(property => property.Name).Order());

    [Fact]
    [Trait("claim", "CFG-03")]
    [Trait("claim", "CFG-11")]
    public void Options_given_as_text_are_parsed()
    {
        var source = SourceBinding.Bind("orders", Config, SampleCatalogue.All);
        var options = (SampleTopicOptions)source.Settings.Options;

        Assert.Equal(("orders", 500, -1L, true), (options.Topic, options.MaxPollRecords, options.MaxRestarts, options.EnableAutoCommit));
        Assert.Equal("a/b", options.Headers["Accept"]);
        Assert.Equal(["1", "2"], options.Partitions);
        Assert.Equal((50, TimeSpan.FromMilliseconds(100)), (source.BatchSize, source.PollInterval));
        Assert.Equal(("orders", "localhost:9092"), (source.Settings.PipelineId, source.Settings.Connection));
    }

    [Theory]
    [Trait("claim", "CFG-02")]
    [InlineData(SourceType.Kafka)]
    [InlineData("Kafka")]
    [InlineData("KAFKA")]
    public void The_type_is_text_in_any_case_or_a_constant(string type) =>
        Assert.Equal("kafka", SourceBinding.Bind("orders", Config with { SourceType = type }, SampleCatalogue.All).Definition.Name);

    [Fact]
    [Trait("claim", "CFG-02")]
    public void The_constants_have_the_names_of_the_six_kinds() => Assert.Equal(
        ["file", "kafka", "api", "websocket", "database", "test"],
        [SourceType.File, SourceType.Kafka, SourceType.Api, SourceType.WebSocket, SourceType.Database, SourceType.Test]);

    [Fact]
    [Trait("claim", "CFG-08")]
    [Trait("claim", "CFG-11")]
    public void Everything_that_is_wrong_is_in_one_exception() => Assert.Equal(
        """
        pipelineId: 'my orders' can't be a pipeline's name; use letters a-z, digits, '-', '_' and '.', with a letter or digit first and last.
        ConnectionString: this is empty and must be given: Where kafka is.
        BatchSize: '0' is too small; allowed is 1 or more.
        PollIntervalMs: '-1' is too small; allowed is 0s to 31d.
        Options.max-poll-records: 'many' is no whole number; write a whole number.
        Options.topic: this is missing and must be given: The topic to read.
        """,
        Assert.Throws<ConfigurationException>(() => SourceBinding.Bind(
            "my orders",
            new SourceConfig
            {
                SourceType = "kafka",
                ConnectionString = " ",
                Options = new Dictionary<string, string> { ["max-poll-records"] = "many" },
                BatchSize = 0,
                PollIntervalMs = -1,
            },
            SampleCatalogue.All)).Message);

    [Fact]
    public void An_unknown_kind_lists_the_kinds() => Assert.Equal(
        "SourceType: there is no source of type 'kafak'; allowed are file, kafka or websocket. Did you mean 'kafka'?",
        Assert.Throws<ConfigurationException>(() =>
            SourceBinding.Bind("orders", Config with { SourceType = "kafak" }, SampleCatalogue.All)).Message);

    [Fact]
    [Trait("claim", "CFG-10")]
    public void A_configuration_is_copied_with_changes()
    {
        var copy = Config with { BatchSize = 7 };
        Assert.Equal((50, 7, Config.Options), (Config.BatchSize, copy.BatchSize, copy.Options));
        Assert.Equal(Config, Config with { });
    }

    [Fact]
    [Trait("claim", "CFG-04")]
    public void A_file_path_starts_at_the_folder_that_is_given()
    {
        var config = new SourceConfig { SourceType = SourceType.File, ConnectionString = "data/users.csv" };
        Assert.Equal("/flows/data/users.csv", SourceBinding.Bind("users", config, SampleCatalogue.All, "/flows").Settings.Connection);
    }
}
