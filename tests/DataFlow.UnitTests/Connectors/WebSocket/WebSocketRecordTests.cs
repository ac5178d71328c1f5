using System.Net.WebSockets;
using System.Text;
using DataFlow.Conformance;

namespace DataFlow.UnitTests.Connectors;

/// <summary>What becomes of a message.</summary>
public sealed class WebSocketRecordTests
{
    private const string GuideMessage = """{"id": "event-123", "type": "user_action", "data": {"page": "home", "n": 1.50}}""";

    [Fact]
    [Trait("claim", "WS-01")]
    public async Task It_is_chosen_by_type_api_with_source_impl_websocket_and_by_its_own_type()
    {
        await using var server = await WebSocketRun.ServeAsync(GuideMessage);
        foreach (var type in new[] { "api", "Api", "websocket" })
        {
            using var bench = WebSocketRun.BenchOf(type, server.Address, ("source-impl", "websocket"));

            var outcome = await bench.RunAsync(expected: 1);

            Assert.Null(outcome.Error);
            Assert.Equal("event-123", Assert.Single(bench.Records()).Id);
        }
    }

    [Fact]
    [Trait("claim", "WS-02")]
    [Trait("claim", "WS-13")]
    public async Task A_json_message_is_a_record_with_its_fields_and_nested_ones_as_json_text()
    {
        await using var server = await WebSocketRun.ServeAsync(GuideMessage);
        foreach (var options in new[] { [], new[] { ("message-format", "json") } })
        {
            using var bench = WebSocketRun.Bench(server.Address, options);

            await bench.RunAsync(expected: 1);

            var record = Assert.Single(bench.Records());
            Assert.Equal("event-123", record.Id);
            Assert.Equal("user_action", record["type"]);
            Assert.Equal("""{"page": "home", "n": 1.50}""", record["data"]);
            Assert.Equal(["type", "data"], record.Data.Keys);
        }
    }

    [Fact]
    [Trait("claim", "WS-12")]
    public async Task The_id_is_the_field_id_and_a_generated_uuid_where_there_is_none()
    {
        await using var server = await WebSocketRun.ServeAsync(GuideMessage, """{"type":"a"}""", """{"type":"b"}""");
        using var bench = WebSocketRun.Bench(server.Address);

        await bench.RunAsync(expected: 3);

        var records = bench.Records();
        Assert.Equal("event-123", records[0].Id);
        Assert.True(Guid.TryParse(records[1].Id, out var one) && Guid.TryParse(records[2].Id, out var other) && one != other);
        Assert.DoesNotContain("id", records[0].Data.Keys);
    }

    [Fact]
    [Trait("claim", "WS-14")]
    public async Task A_text_message_is_a_record_with_the_field_message()
    {
        await using var server = await WebSocketRun.ServeAsync("plain text, not JSON: {", "", "zwei\nZeilen ü");
        using var bench = WebSocketRun.Bench(server.Address, ("message-format", "text"));

        await bench.RunAsync(expected: 3);

        Assert.Equal(["plain text, not JSON: {", "", "zwei\nZeilen ü"], bench.Records().Select(record => record["message"]));
        Assert.All(bench.Records(), record => Assert.Equal(["message"], record.Data.Keys));
    }

    [Fact]
    [Trait("claim", "WS-15")]
    public async Task Metadata_tells_source_address_format_and_time()
    {
        await using var server = await WebSocketRun.ServeAsync(GuideMessage);
        using var bench = WebSocketRun.Bench($"{server.Address}/events?api_key=secret-77&x=1");

        await bench.RunAsync(expected: 1);

        var metadata = Assert.Single(bench.Records()).Metadata;
        Assert.Equal("websocket", metadata["source"]);
        Assert.StartsWith("websocket-source-", metadata["source_id"]);
        Assert.Equal($"{server.Address}/events?api_key=***&x=1", metadata["ws_url"]);
        Assert.Equal("json", metadata["format"]);
        Assert.True(DateTimeOffset.TryParse(metadata["timestamp"], out var received) && received > DateTimeOffset.UnixEpoch.AddYears(50));
    }

    [Fact]
    [Trait("claim", "WS-22")]
    public async Task A_message_in_fragments_is_one_record_like_a_whole_one()
    {
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            var bytes = Encoding.UTF8.GetBytes("""{"id":"whole","text":"ünïcode"}""");
            foreach (var (part, index) in bytes.Select((part, index) => (part, index)))
            {
                await connection.SendAsync([part], WebSocketMessageType.Text, isLast: index == bytes.Length - 1);
            }

            await connection.SendAsync("""{"id":"next"}""");
            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address);

        await bench.RunAsync(expected: 2);

        Assert.Equal(["whole", "next"], bench.Records().Select(record => record.Id));
        Assert.Equal("ünïcode", bench.Records()[0]["text"]);
    }

    [Fact]
    public async Task Binary_messages_with_json_are_records_and_others_are_dead_letters()
    {
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            await connection.SendAsync(Encoding.UTF8.GetBytes("""{"id":"binary"}"""), WebSocketMessageType.Binary);
            await connection.SendAsync([0xff, 0xfe, 0x00], WebSocketMessageType.Binary);
            await connection.SendAsync("""{"id":"last"}""");
            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address);

        await bench.RunAsync(expected: 2);

        Assert.Equal(["binary", "last"], bench.Records().Select(record => record.Id));
        var letter = Assert.Single(await bench.DeadLettersAsync()).Error;
        Assert.Equal("invalid-bytes", letter.Reason);
        Assert.Equal([0xff, 0xfe, 0x00], letter.Raw);
    }

    [Theory]
    [Trait("claim", "WS-30")]
    [InlineData("no json", "message 1, found 'n', expected an object")]
    [InlineData("{\"a\":1", "message 1, byte 7: found the end, expected ',' or '}'")]
    [InlineData("[1,2]", "message 1, found '[', expected an object")]
    [InlineData("42", "message 1, found '4', expected an object")]
    [InlineData("", "message 1, found nothing, expected an object")]
    [InlineData("{\"a\":1} {\"b\":2}", "message 1, byte 9: found '{', expected nothing after the JSON value")]
    public async Task A_message_that_is_no_json_object_is_a_dead_letter_and_the_stream_goes_on(string message, string problem)
    {
        await using var server = await WebSocketRun.ServeAsync(message, """{"id":"next"}""");
        using var bench = WebSocketRun.Bench(server.Address);

        var outcome = await bench.RunAsync(expected: 1);

        Assert.Null(outcome.Error);
        Assert.Equal("next", Assert.Single(bench.Records()).Id);
        var letter = Assert.Single(await bench.DeadLettersAsync()).Error;
        Assert.StartsWith($"Failed to parse JSON message: {problem}", letter.Message);
        Assert.Contains("message-format", letter.Message);
        Assert.Equal(message, Encoding.UTF8.GetString(letter.Raw));
        Assert.Equal(1, bench.Metrics["dataflow.source.parse.errors"]);
        Assert.Contains(bench.Log.Lines, line => line.StartsWith("Debug: Message 1 is no JSON object"));
    }
}
