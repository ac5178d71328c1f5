using DataFlow.Engine.Configuration;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Configuration;

public class PipelineFileTests
{
    private const string Complete = """
        name: users
        source:
          type: file
          connection: data/users.csv
          options: { format: csv, has-header: true, delimiter: ",", encoding: UTF-8 }
          batch-size: 1000
          poll-interval-ms: 1000
        transforms:
          - filter: "age >= 18"
        sink:
          type: file
          connection: out/users.ndjson
          options: { format: ndjson }
        delivery: effectively-once
        """;

    [Fact]
    public void A_complete_file_is_read()
    {
        var pipeline = Configured.Pipeline(Complete);
        var options = (SampleFileOptions)pipeline.Source.Settings.Options;

        Assert.Equal("users", pipeline.Name);
        Assert.Equal("file", pipeline.Source.Definition.Name);
        Assert.Equal((1000, TimeSpan.FromSeconds(1)), (pipeline.Source.BatchSize, pipeline.Source.PollInterval));
        Assert.Equal((RecordFormat.Csv, true, ",", "UTF-8"), (options.Format, options.HasHeader, options.Delimiter, options.Encoding));
        Assert.Equal("age >= 18", ((SampleFilterOptions)Assert.Single(pipeline.Transforms).Options).Condition);
        Assert.Equal(RecordFormat.Json, ((SampleSinkOptions)pipeline.Sink.Settings.Options).Format);
        Assert.Equal(DeliveryGuarantee.EffectivelyOnce, pipeline.Delivery);
        Assert.Equal("/flows", pipeline.BaseDirectory);
    }

    [Fact]
    public void What_is_left_out_has_its_default()
    {
        var pipeline = Configured.Pipeline("{source: {type: websocket, connection: 'wss://x'}, sink: {type: console}}");

        Assert.Equal("orders", pipeline.Name);
        Assert.Null(pipeline.Delivery);
        Assert.Null(pipeline.Until);
        Assert.Null(pipeline.MaxLatency);
        Assert.Null(pipeline.MaxDeadLetters);
        Assert.Equal((Until.Forever, TimeSpan.FromMilliseconds(100)), (pipeline.EffectiveUntil, pipeline.EffectiveMaxLatency));
        Assert.Equal((ByteSize.KiB(512), 0, TimeSpan.FromSeconds(1)), (pipeline.MaxBatchBytes, pipeline.Workers, pipeline.CommitInterval));
        Assert.Equal((1000, TimeSpan.FromSeconds(1)), (pipeline.Source.BatchSize, pipeline.Source.PollInterval));
        Assert.Equal(("", ""), (pipeline.Sink.Settings.Connection, pipeline.Sink.Settings.ConfiguredConnection));
    }

    [Fact]
    public void Pipeline_keys_are_read()
    {
        var pipeline = Configured.Pipeline("""
            source: { type: file, connection: a.csv }
            sink: { type: console }
            until: forever
            max-latency: 50ms
            max-batch-bytes: 1MiB
            workers: 2
            max-dead-letters: 10
            commit-interval: 500
            """);

        Assert.Equal((Until.Forever, TimeSpan.FromMilliseconds(50)), (pipeline.Until, pipeline.MaxLatency));
        Assert.Equal((ByteSize.MiB(1), 2, 10L, TimeSpan.FromMilliseconds(500)),
            (pipeline.MaxBatchBytes, pipeline.Workers, pipeline.MaxDeadLetters, pipeline.CommitInterval));
    }

    [Fact]
    public void A_JSON_file_is_read_by_the_same_rules()
    {
        var pipeline = Configured.Pipeline("""
            {
            	"source": { "type": "file", "connection": "data\/\u00e9.csv", "batch-size": 7,
            		"options": { "delimiter": "\t", "has-header": false, "null-token": "\ud83d\ude00" } },
            	"transforms": [ { "filter": "a = 'x'" } ],
            	"sink": { "type": "console" }
            }
            """);
        var options = (SampleFileOptions)pipeline.Source.Settings.Options;

        Assert.Equal(("data/é.csv", 7), (pipeline.Source.Settings.ConfiguredConnection, pipeline.Source.BatchSize));
        Assert.Equal(("\t", false, "😀"), (options.Delimiter, options.HasHeader, options.NullToken));
    }

    [Fact]
    public void All_problems_are_said_at_once_in_the_order_of_the_file() => Assert.Equal(
        """
        orders.yaml:2:15: source.batch-size: '0' is too small; allowed is 1 or more.
        orders.yaml:3:3: source.conection: there is no such key. Did you mean 'connection'?
        orders.yaml:5:13: source.options.format: 'cvs' is not allowed; write csv, json, json-array, json-document or text. Did you mean 'csv'?
        orders.yaml:6:5: source.options.delimitr: there is no such key. Did you mean 'delimiter'?
        orders.yaml:9:5: transforms[0].filtr: there is no transform 'filtr'; allowed are filter or select. Did you mean 'filter'?
        orders.yaml:10:15: sink.type: there is no sink of type 'consol'; allowed are console, file or table. Did you mean 'console'?
        orders.yaml:11:10: workers: 'two' is no whole number; write a whole number.
        """,
        Configured.Problems("""
            source:
              batch-size: 0
              conection: data.csv
              options:
                format: cvs
                delimitr: ";"
              type: file
            transforms:
              - filtr: a = 1
            sink: { type: consol }
            workers: two
            """));

    [Fact]
    public void A_file_without_source_and_sink_says_what_is_missing() => Assert.Equal(
        """
        orders.yaml:1:1: source: this is missing and must be given: Where records come from.
        orders.yaml:1:1: sink: this is missing and must be given: Where records go.
        """,
        Configured.Problems("name: a"));

    [Theory]
    [InlineData(
        "source:\nsink: { type: console }",
        "orders.yaml:1:8: source: there is nothing below this key that could be used; give it at least 'type' and 'connection', indented below it.")]
    [InlineData(
        "source: { type: file, connection: a }\nsink: console",
        "orders.yaml:2:7: sink: there is nothing below this key that could be used; give it at least 'type' and 'connection', indented below it.")]
    [InlineData(
        "source: { connection: a }\nsink: { type: console }",
        "orders.yaml:1:9: source.type: this is missing and must be given: The source kind, such as file; `dataflow list` shows them all.")]
    [InlineData(
        "source: { type: file }\nsink: { type: console }",
        "orders.yaml:1:9: source.connection: this is missing and must be given: Where file is.")]
    [InlineData(
        "source: { type: file, connection: '' }\nsink: { type: console }",
        "orders.yaml:1:35: source.connection: this is empty and must be given: Where file is.")]
    [InlineData(
        "source: { type: file, connection: a, options: x }\nsink: { type: console }",
        "orders.yaml:1:47: source.options: this must be a map of options, such as {format: csv}.")]
    [InlineData(
        "source: { type: ftp, connection: a }\nsink: { type: console }",
        "orders.yaml:1:17: source.type: there is no source of type 'ftp'; allowed are file, kafka or websocket.")]
    [InlineData(
        "source: { type: file, connection: a }\nsink: { type: console }\ntransforms: filter",
        "orders.yaml:3:13: transforms: this must be a list; each transform is one item such as `- filter: \"age >= 18\"`.")]
    [InlineData(
        "source: { type: file, connection: a }\nsink: { type: console }\ntransforms: [{filter: a, select: b}]",
        "orders.yaml:3:14: transforms[0]: this is not one transform; each transform is one item such as `- filter: \"age >= 18\"`.")]
    [InlineData(
        "source: { type: file, connection: a }\nsink: { type: console }\ntransforms:\n  - filter:\n      condition: x AND",
        "orders.yaml:5:18: transforms[0].filter.condition: 'x AND' ends after AND; a condition must follow.")]
    [InlineData(
        "source: { type: file, connection: a }\nsink: { type: console }\ntransforms:\n  - filter: x AND",
        "orders.yaml:4:13: transforms[0].filter.condition: 'x AND' ends after AND; a condition must follow.")]
    [InlineData(
        "source: { type: file, connection: a }\nsink: { type: console }\ntransforms:\n  - filter:",
        "orders.yaml:4:12: transforms[0].filter.condition: there is no value; write one text (\"\" for an empty one), or leave the key out.")]
    [InlineData(
        "source: { type: file, connection: a, options: { quote: '..' } }\nsink: { type: console }",
        "orders.yaml:1:56: source.options.quote: '..' is 2 characters long; give one character, or nothing to switch quoting off.")]
    public void A_part_that_cannot_be_used_is_named(string yaml, string expected) => Assert.Equal(expected, Configured.Problems(yaml));

    [Fact]
    public void An_empty_map_of_options_and_an_empty_list_of_transforms_are_fine()
    {
        var pipeline = Configured.Pipeline(
            "source:\n  type: file\n  connection: a\n  options:\n    # nothing yet\ntransforms:\nsink: { type: console }");
        Assert.Empty(pipeline.Transforms);
    }

    [Theory]
    [InlineData("- select: [id, name]")]
    [InlineData("- select: id, name")]
    [InlineData("- SELECT: { fields: [id, name] }")]
    public void A_transform_takes_its_main_option_as_a_bare_value(string transform)
    {
        var pipeline = Configured.Pipeline(
            $"source: {{ type: file, connection: a }}\nsink: {{ type: console }}\ntransforms:\n  {transform}");
        Assert.Equal(["id", "name"], ((SampleSelectOptions)pipeline.Transforms[0].Options).Fields);
    }

    [Theory]
    [Trait("claim", "CFG-02")]
    [InlineData("file")]
    [InlineData("File")]
    [InlineData("FILE")]
    public void The_type_is_read_in_any_case(string type) =>
        Assert.Equal("file", Configured.WithSource($"type: {type}\nconnection: a").Source.Definition.Name);

    [Fact]
    public void A_path_starts_at_the_folder_of_the_file_and_other_connections_are_left_alone()
    {
        var pipeline = Configured.Pipeline("source: { type: file, connection: ../in/*.csv }\nsink: { type: table, connection: ../x }");

        Assert.Equal(("/in/*.csv", "../in/*.csv"), (pipeline.Source.Settings.Connection, pipeline.Source.Settings.ConfiguredConnection));
        Assert.Equal("../x", pipeline.Sink.Settings.Connection);
        Assert.Equal("/flows", pipeline.Source.Settings.BaseDirectory);
    }

    [Theory]
    [InlineData(
        "a b",
        "'a b' can't be a pipeline's name; use letters a-z, digits, '-', '_' and '.', with a letter or digit first and last.")]
    [InlineData(
        "../x",
        "'../x' can't be a pipeline's name; use letters a-z, digits, '-', '_' and '.', with a letter or digit first and last.")]
    [InlineData("''", "'' can't be a pipeline's name; use letters a-z, digits, '-', '_' and '.', with a letter or digit first and last.")]
    public void A_name_that_is_no_name_for_a_folder_is_refused(string name, string expected) =>
        Assert.Equal(
            $"orders.yaml:1:7: name: {expected}",
            Configured.Problems($"name: {name}\nsource: {{ type: file, connection: a }}\nsink: {{ type: console }}"));

    [Fact]
    public void A_file_name_that_is_no_pipeline_name_asks_for_one()
    {
        var exception = Assert.Throws<ConfigurationException>(() =>
            PipelineFile.Parse("source: { type: file, connection: a }\nsink: { type: console }", "my orders.yaml", SampleCatalogue.All));
        Assert.Equal(
            "my orders.yaml:1:1: name: 'my orders' can't be a pipeline's name; use letters a-z, digits, '-', '_' and '.', with a letter or digit first and last."
            + " It is the file's name; add the key 'name' to give another one.",
            exception.Message);
    }

    [Fact]
    public async Task What_a_connector_cannot_use_is_found_without_connecting()
    {
        var pipeline = Configured.WithSource("type: file\nconnection: a\noptions:\n  encoding: UTF-9");
        var problem = Assert.Single(await pipeline.CheckConnectorsAsync());

        Assert.Equal("/flows/orders.yaml:6:15: source.options.encoding: 'UTF-9' is no encoding; use UTF-8.", problem.ToString());
        Assert.Equal(problem, Assert.Single(Assert.Throws<ConfigurationException>(pipeline.CreateSource).Problems));
    }

    [Fact]
    public void A_problem_with_a_key_that_was_not_written_stands_at_the_nearest_one_around_it()
    {
        var pipeline = Configured.WithSource("type: file\nconnection: a\noptions:\n  encoding: UTF-8");

        Assert.Equal(6, pipeline.ProblemAt("source.options.delimiter", "").Line);
        Assert.Equal(3, pipeline.ProblemAt("source.batch-size", "").Line);
        Assert.Equal(1, pipeline.ProblemAt("until", "").Line);
    }
}
