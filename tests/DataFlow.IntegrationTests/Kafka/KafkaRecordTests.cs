using Confluent.Kafka;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>The guide's messages and the records that they make, from a broker.</summary>
public sealed class KafkaRecordTests(KafkaFixture fixture) : IClassFixture<KafkaFixture>
{
    [Fact]
    [Trait("claim", "KAFKA-08")]
    [Trait("claim", "KAFKA-11")]
    [Trait("claim", "KAFKA-12")]
    [Trait("claim", "KAFKA-13")]
    [Trait("claim", "KAFKA-14")]
    public async Task A_json_message_is_the_record_of_the_guide()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.Write([new Message<byte[]?, byte[]?>
        {
            Key = "user-123"u8.ToArray(),
            Value = """{"id":"user-123","name":"Alice","age":30,"city":"New York"}"""u8.ToArray(),
            Timestamp = new Timestamp(1704110400000, TimestampType.CreateTime),
        }]);

        var config = topic.Config(
            ("group-id", $"my-consumer-group-{topic.Name}"), ("format", "json"), ("auto-offset-reset", "earliest"), ("enable-auto-commit", "false"));
        var records = await KafkaTopic.ReadAsync(Source.Create("pipeline-1", config with { PollIntervalMs = 1000 }), 1);

        var record = Assert.Single(records);
        Assert.Equal("user-123", record.Id);
        Assert.Equal(new Dictionary<string, string> { ["name"] = "Alice", ["age"] = "30", ["city"] = "New York" }, record.Data);
        Assert.Equal("kafka", record.Metadata["source"]);
        Assert.Matches("^kafka-source-pipeline-1-.+$", record.Metadata["source_id"]);
        Assert.Equal(topic.Name, record.Metadata["topic"]);
        Assert.Equal(("0", "0"), (record.Metadata["partition"], record.Metadata["offset"]));
        Assert.Equal("1704110400000", record.Metadata["kafka_timestamp"]);
        Assert.Equal("create-time", record.Metadata["kafka_timestamp_type"]);
        Assert.Equal("0", record.Metadata["kafka_leader_epoch"]);
        Assert.Equal("user-123", record.Metadata["kafka_key"]);
        Assert.Equal("json", record.Metadata["format"]);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", record.Metadata["timestamp"]);
    }

    [Fact]
    [Trait("claim", "KAFKA-03")]
    [Trait("claim", "KAFKA-15")]
    public async Task A_string_message_is_the_record_of_the_guide()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.Write(("user-123", "Alice,30,New York"));

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("format", "string"))), 1);

        var record = Assert.Single(records);
        Assert.Equal("user-123", record.Id);
        Assert.Equal(new Dictionary<string, string> { ["key"] = "user-123", ["value"] = "Alice,30,New York" }, record.Data);
        Assert.Equal(
            ("kafka", topic.Name, "0", "0", "string"),
            (record.Metadata["source"], record.Metadata["topic"], record.Metadata["partition"], record.Metadata["offset"], record.Metadata["format"]));
    }
}
