using DataFlow.Engine;
using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Sharing;

/// <summary>The key <c>instances</c>, and what it makes of a pipeline.</summary>
public class PipelineInstanceTests
{
    private const string Files = """
        name: orders
        instances: 3
        source: { type: file, connection: "in/*.csv" }
        sink: { type: file, connection: "out/orders-{instance}.ndjson" }
        """;

    [Fact]
    public void An_instance_has_its_share_its_place_in_the_sink_and_a_state_of_its_own()
    {
        var second = Parse(Files).OfInstance(2);

        Assert.Equal(("orders", "2", "orders.2"), (second.Name, second.Instance, second.StateName));
        Assert.Equal((new SourceShare(2, 3), "2", "orders"), (second.Source.Settings.Share, second.Source.Settings.Instance, second.Source.Settings.PipelineId));
        Assert.Equal(("/flows/out/orders-2.ndjson", "orders.2"), (second.Sink.Settings.Connection, second.Sink.Settings.PipelineId));
        Assert.Equal("orders.2", second.ToSpec().PipelineId);
    }

    [Fact]
    public void One_run_without_an_instance_reads_everything_under_the_pipelines_own_name()
    {
        var all = Parse(Files).OfInstance(null);

        Assert.Equal(("orders", SourceShare.Whole, "/flows/out/orders-all.ndjson", "orders"),
            (all.StateName, all.Source.Settings.Share, all.Sink.Settings.Connection, all.Sink.Settings.PipelineId));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("4")]
    [InlineData("-1")]
    [InlineData("02")]
    [InlineData("blue")]
    public void An_instance_that_there_is_not_is_refused(string instance) => Assert.Equal(
        $"'{instance}' is no instance of pipeline 'orders'; it has the instances 1 to 3.",
        Assert.Throws<OptionException>(() => Parse(Files).OfInstance(instance)).Message);

    [Fact]
    public void Where_the_file_does_not_say_how_many_there_are_an_instance_has_any_name_and_reads_everything()
    {
        var blue = Parse(Files.Replace("instances: 3\n", "", StringComparison.Ordinal)).OfInstance("blue");

        Assert.Equal(("orders.blue", SourceShare.Whole, "/flows/out/orders-blue.ndjson", "orders.blue"),
            (blue.StateName, blue.Source.Settings.Share, blue.Sink.Settings.Connection, blue.Sink.Settings.PipelineId));
        Assert.Throws<OptionException>(() => Parse(Files.Replace("instances: 3\n", "", StringComparison.Ordinal)).OfInstance("a/b"));
    }

    [Theory]
    [InlineData("0", "'0' is too small; allowed is 1 to 64.")]
    [InlineData("65", "'65' is too large; allowed is 1 to 64.")]
    [InlineData("many", "'many' is no whole number; write a whole number.")]
    public void The_number_of_instances_is_checked(string number, string problem) =>
        Assert.Contains($"instances: {problem}", Problems(Files.Replace("instances: 3", $"instances: {number}", StringComparison.Ordinal)), StringComparison.Ordinal);

    [Theory]
    [InlineData("{ type: websocket, connection: 'wss://x' }", "nothing tells which of its records are whose")]
    [InlineData("{ type: api, connection: 'https://x/items' }", "nothing tells which of its records are whose")]
    [InlineData("{ type: push }", "nothing tells which of its records are whose")]
    [InlineData("{ type: database, connection: 'jdbc:postgresql://h/d', options: { query: SELECT 1 } }", "the rows are shared by their key, and the option 'key' is not given; name the primary key")]
    [InlineData("{ type: database, connection: 'jdbc:postgresql://h/d', options: { mode: cdc, tables: [a], key: [id] } }", "with mode: cdc the server's log is one stream")]
    public void A_source_that_cannot_be_shared_is_refused_with_the_reason(string source, string why)
    {
        var problems = Problems($$"""
            name: orders
            instances: 3
            source: {{source}}
            sink: { type: console }
            """);

        Assert.StartsWith("/flows/orders.yaml:2:", problems, StringComparison.Ordinal);
        Assert.Contains($"can't be shared by 3 instances: {why}. Write 'instances: 1', or leave it out.", problems, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_a_path_has_a_place_for_the_instance() => Assert.Equal(
        "https://example.com/{instance}",
        Parse("name: orders\nsource: { type: file, connection: a.csv }\nsink: { type: http, connection: 'https://example.com/{instance}' }\n").Sink.Settings.Connection);

    [Fact]
    public void A_file_that_all_instances_would_write_to_is_refused() => Assert.EndsWith(
        "sink.connection: all instances would write to the same file; put {instance} into the path, such as out/orders-{instance}.ndjson, or leave 'instances' out.",
        Problems(Files.Replace("-{instance}", "", StringComparison.Ordinal)));

    [Fact]
    public void No_instance_writes_outside_of_the_roots_by_a_link_that_is_called_like_it()
    {
        var root = Directory.CreateTempSubdirectory("dataflow-");
        var outside = Directory.CreateTempSubdirectory("dataflow-");
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(root.FullName, "2"), outside.FullName);
            var yaml = Files.Replace("out/orders-{instance}.ndjson", "{instance}/orders.ndjson", StringComparison.Ordinal);
            var confinement = new Confinement([root.FullName], [], [], [], []);

            var refused = Assert.Throws<ConfigurationException>(
                () => PipelineFile.Parse(yaml, Path.Combine(root.FullName, "orders.yaml"), BuiltInCatalogue.Instance, _ => null, confinement));

            Assert.Equal("sink.connection", Assert.Single(refused.Problems).Key);
        }
        finally
        {
            root.Delete(recursive: true);
            outside.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_name_that_is_too_long_with_a_number_is_refused() => Assert.Contains(
        "its instances are called like it, with their number behind a point: the name is 101 characters long",
        Problems(Files.Replace("name: orders", $"name: {new string('a', 99)}", StringComparison.Ordinal)), StringComparison.Ordinal);

    [Fact]
    public void The_state_of_one_share_is_not_taken_for_that_of_another()
    {
        var three = Stored(Parse(Files).OfInstance(2));

        Assert.Null(SourceFingerprint.DescribeDifference(three, Parse(Files).OfInstance(2).Source));
        Assert.Equal(
            "the state was written for share 2 of 3 of the source and would go on with share 2 of 4 of the source now, where its positions mean nothing; "
                + "change 'instances' back, or start all instances over with --fresh or a reset of their state.",
            SourceFingerprint.DescribeDifference(three, Parse(Files.Replace("instances: 3", "instances: 4", StringComparison.Ordinal)).OfInstance(2).Source));
        Assert.Contains("for share 2 of 3 of the source and would go on with the whole source now", SourceFingerprint.DescribeDifference(three, Parse(Files).Source)!, StringComparison.Ordinal);
        Assert.NotNull(SourceFingerprint.DescribeDifference(Stored(Parse(Files)), Parse(Files).OfInstance(2).Source));
    }

    [Fact]
    public void Where_the_group_keeps_the_positions_the_number_of_instances_may_change()
    {
        var three = Stored(Parse(Kafka("at-least-once")).OfInstance(2));

        Assert.Null(SourceFingerprint.DescribeDifference(three, Parse(Kafka("at-least-once").Replace("instances: 3", "instances: 5", StringComparison.Ordinal)).OfInstance(2).Source));
        Assert.NotNull(SourceFingerprint.DescribeDifference(
            Stored(Parse(Kafka("effectively-once")).OfInstance(2)),
            Parse(Kafka("effectively-once").Replace("instances: 3", "instances: 5", StringComparison.Ordinal)).OfInstance(2).Source));
    }

    [Fact]
    public void A_plan_says_whether_another_number_of_instances_would_read_again()
    {
        var plan = Plan(Files, instances: 4);
        Assert.Equal(PlanOutcome.WouldReRead, plan.Outcome);
        Assert.Contains("can be changed when the state of the pipeline has been reset", plan.Explanation, StringComparison.Ordinal);
        Assert.Equal(new PlanChange("instances", "3", "4", IsIdentity: true), Assert.Single(plan.Changes));

        Assert.Equal(PlanOutcome.WouldReRead, Plan(Files, instances: 1).Outcome);
        Assert.Equal(PlanOutcome.WouldReRead, Plan(Kafka("effectively-once"), instances: 4).Outcome);
        Assert.Equal(PlanOutcome.Restart, Plan(Kafka("at-least-once"), instances: 4).Outcome);
        Assert.Equal(PlanOutcome.Restart, PipelinePlan.Compare(Parse(Files), Parse(With(Files, 4)), [null, null, null]).Outcome);
    }

    private static PipelinePlan Plan(string yaml, int instances) => PipelinePlan.Compare(
        Parse(yaml), Parse(With(yaml, instances)), [.. Enumerable.Range(1, 3).Select(number => SourceFingerprint.Of(Parse(yaml).OfInstance(number).Source).ToString())]);

    private static string With(string yaml, int instances) => yaml.Replace("instances: 3", $"instances: {instances}", StringComparison.Ordinal);

    private static string Kafka(string delivery) => $$"""
        name: orders
        instances: 3
        source: { type: kafka, connection: 'localhost:9092', options: { topic: orders } }
        sink: { type: database, connection: 'jdbc:postgresql://h/d', options: { table: orders } }
        delivery: {{delivery}}
        """;

    private static SourceFingerprint Stored(PipelineDefinition definition) => SourceFingerprint.Parse(SourceFingerprint.Of(definition.Source).ToString());

    private static PipelineDefinition Parse(string yaml) => PipelineFile.Parse(yaml, "/flows/orders.yaml", BuiltInCatalogue.Instance, _ => null);

    private static string Problems(string yaml) => Assert.Throws<ConfigurationException>(() => Parse(yaml)).Message;
}
