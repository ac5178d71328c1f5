using System.Text.Json;
using Confluent.Kafka;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>Messages that are not as the guide's, from a broker: nothing of them is lost, and none ends the stream.</summary>
public sealed class KafkaMessageTests(KafkaFixture fixture) : IClassFixture<KafkaFixture>
{
    [Fact]
    [Trait("claim", "KAFKA-11")]
    public async Task The_id_is_that_of_the_json_else_the_key_else_generated()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.Write(("key", """{"id":7}"""), ("key", """{"a":1}"""), (null, """{"a":1}"""), ("", """{"a":1}"""));

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config()), 4);

        Assert.Equal(["7", "key"], records.Take(2).Select(record => record.Id));
        Assert.All(records.Skip(2), record => Assert.Equal(record.DeliveryId.ToString(), record.Id));
        Assert.NotEqual(records[2].Id, records[3].Id);
        Assert.False(records[2].Metadata.ContainsKey("kafka_key"));
        Assert.Equal("", records[3].Metadata["kafka_key"]);
    }

    [Fact]
    [Trait("claim", "KAFKA-20")]
    public async Task Malformed_json_falls_back_to_the_string_record()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.Write(("k", """{"a":1"""), ("k", ""), (null, """{"a":1}"""));

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config()), 3);

        Assert.Equal(new Dictionary<string, string> { ["key"] = "k", ["value"] = """{"a":1""" }, records[0].Data);
        Assert.Equal(("k", "json"), (records[0].Id, records[0].Metadata["format"]));
        Assert.Equal(new Dictionary<string, string> { ["key"] = "k", ["value"] = "" }, records[1].Data);
        Assert.Equal(RecordOperation.Insert, records[1].Operation);
        Assert.Equal(new Dictionary<string, string> { ["a"] = "1" }, records[2].Data);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("string")]
    [InlineData("bytes")]
    [Trait("claim", "KAFKA-15")]
    public async Task A_tombstone_is_a_deletion_with_a_null_value_and_a_null_key_reads_as_empty(string format)
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.Write(("user-1", null), (null, null));

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("format", format))), 2);

        Assert.All(records, record => Assert.True(record.IsNull("value")));
        Assert.All(records, record => Assert.Equal(RecordOperation.Delete, record.Operation));
        Assert.Equal("user-1", records[0].Id);
        Assert.True(records[1].IsNull("key"));
        Assert.Equal("", records[1].Data["key"]);
    }

    [Fact]
    public async Task Headers_keep_their_order_their_doubles_and_their_bytes()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.Write(
        [
            new Message<byte[]?, byte[]?> { Value = "{}"u8.ToArray() },
            new Message<byte[]?, byte[]?>
            {
                Value = "{}"u8.ToArray(),
                Headers = [new Header("trace", "a"u8.ToArray()), new Header("raw", [0xFF, 0x00]), new Header("none", null), new Header("trace", "b"u8.ToArray())],
            },
        ]);

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config()), 2);

        Assert.False(records[0].Metadata.ContainsKey("kafka_headers"));
        Assert.Equal(
            """[{"name":"trace","value":"a"},{"name":"raw","base64":"/wA="},{"name":"none","value":null},{"name":"trace","value":"b"}]""",
            records[1].Metadata["kafka_headers"]);
        Assert.Equal(("b", "/wA="), (records[1].Metadata["headers.trace"], records[1].Metadata["headers.raw"]));
        Assert.False(records[1].Metadata.ContainsKey("headers.none"));
        Assert.Equal(JsonValueKind.Array, JsonDocument.Parse(records[1].Metadata["kafka_headers"]).RootElement.ValueKind);
    }

    [Fact]
    public async Task Bytes_are_given_as_they_are()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.Write([new Message<byte[]?, byte[]?> { Key = [0xFE], Value = [0xFF, 0x00, 0x01] }]);

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("format", "bytes"))), 1);

        Assert.Equal((Convert.ToBase64String([0xFE]), Convert.ToBase64String([0xFF, 0x00, 0x01])), (records[0]["key"], records[0]["value"]));
        Assert.Equal("bytes", records[0].Metadata["format"]);
    }

    [Fact]
    [Trait("claim", "KAFKA-22")]
    public async Task Bytes_that_are_no_text_are_skipped_and_the_rest_goes_on()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.Write([new Message<byte[]?, byte[]?> { Value = [0xFF] }, new Message<byte[]?, byte[]?> { Value = "fine"u8.ToArray() }]);

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("format", "string"))), 1);

        Assert.Equal("fine", records[0]["value"]);
    }

    [Fact]
    public async Task A_message_that_spans_lines_is_one_record_on_one_line()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        topic.Write((null, "\n {\n  \"a\": {\r\n \"b\": \"x\\ny\" } }\n"), (null, "[1,\n2]"));

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config()), 2);

        Assert.Equal("{   \"b\": \"x\\ny\" }", records[0]["a"]);
        Assert.Equal("[1, 2]", records[1]["value"]);
    }

    [Fact]
    public async Task Every_message_has_a_delivery_id_of_its_own_that_stays_the_same()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka, partitions: 2);
        topic.Write(Enumerable.Range(0, 10).Select(_ => new Message<byte[]?, byte[]?> { Value = "{}"u8.ToArray() }), partition: 0);
        topic.Write(Enumerable.Range(0, 10).Select(_ => new Message<byte[]?, byte[]?> { Value = "{}"u8.ToArray() }), partition: 1);

        var first = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("group-id", topic.Name + "-a"))), 20);
        var second = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config(("group-id", topic.Name + "-b"))), 20);

        Assert.Equal(20, first.Select(record => record.DeliveryId).Distinct().Count());
        Assert.Equal(first.Select(Key).Order(), second.Select(Key).Order());

        static string Key(DataRecord record) => $"{record.Metadata["partition"]}:{record.Metadata["offset"]}:{record.DeliveryId}";
    }

    [Fact]
    public async Task A_large_message_comes_whole()
    {
        var topic = await KafkaTopic.CreateAsync(fixture.Kafka);
        var text = new string('x', 900_000);
        topic.Write((null, $$"""{"text":"{{text}}"}"""), (null, """{"text":"small"}"""));

        var records = await KafkaTopic.ReadAsync(Source.Create("p", topic.Config()), 2);

        Assert.Equal([text, "small"], records.Select(record => record["text"]));
    }
}
