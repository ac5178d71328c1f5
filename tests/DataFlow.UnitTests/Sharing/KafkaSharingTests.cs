using DataFlow.Connectors;
using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Sharing;

/// <summary>What the instances of a Kafka source have in common and what each has of its own.</summary>
public class KafkaSharingTests
{
    [Fact]
    public void All_instances_are_in_the_group_of_the_pipeline_each_with_a_member_name_of_its_own()
    {
        var setups = Enumerable.Range(1, 3).Select(number => Setup(number, DeliveryGuarantee.AtLeastOnce, groupInstanceId: "host-1")).ToList();

        Assert.All(setups, setup => Assert.Equal("dataflow-orders", setup.Group));
        Assert.Equal(["host-1-1", "host-1-2", "host-1-3"], setups.Select(setup => setup.Properties("client")["group.instance.id"]));
    }

    [Fact]
    public void Effectively_once_each_instance_assigns_itself_the_partitions_of_its_share() => Assert.All(
        Enumerable.Range(1, 3),
        number => Assert.Equal((true, new SourceShare(number, 3)), (Setup(number, DeliveryGuarantee.EffectivelyOnce).AssignsItself, Setup(number, DeliveryGuarantee.EffectivelyOnce).Share)));

    [Fact]
    public void The_transactions_of_each_instance_are_its_own()
    {
        var pipeline = PipelineFile.Parse(
            """
            name: orders
            instances: 2
            source: { type: test }
            sink: { type: kafka, connection: "localhost:9092", options: { topic: out } }
            delivery: effectively-once
            """,
            "/flows/orders.yaml",
            BuiltInCatalogue.Instance,
            _ => null);

        Assert.Equal(
            ["dataflow-orders.1", "dataflow-orders.2"],
            ((int[])[1, 2]).Select(number => KafkaSinkProperties.TransactionalId(pipeline.OfInstance(number).Sink.Settings)));
    }

    [Fact]
    public void Effectively_once_an_instance_that_does_not_know_how_many_there_are_is_refused() => Assert.Contains(
        "Write how many there are (instances: 3)",
        Assert.Throws<OptionException>(() => new KafkaSourceSetup(Settings(DeliveryGuarantee.EffectivelyOnce) with { Instance = "blue" })).Message,
        StringComparison.Ordinal);

    private static KafkaSourceSetup Setup(int number, DeliveryGuarantee delivery, string groupInstanceId = "") =>
        new(Settings(delivery, groupInstanceId) with { Instance = $"{number}", Share = new SourceShare(number, 3) });

    private static SourceSettings Settings(DeliveryGuarantee delivery, string groupInstanceId = "") => new()
    {
        PipelineId = "orders",
        Connection = "localhost:9092",
        ConfiguredConnection = "localhost:9092",
        Options = new KafkaSourceOptions { Topic = ["orders"], GroupInstanceId = groupInstanceId },
        BaseDirectory = "/",
        Delivery = delivery,
    };
}
