using System.Text.Json;
using DataFlow.Engine.Configuration;
using NJsonSchema;

namespace DataFlow.UnitTests.Configuration;

public class SchemaTests
{
    private static readonly Lazy<Task<JsonSchema>> Parsed =
        new(() => JsonSchema.FromJsonAsync(JsonSchemaWriter.Write(SampleCatalogue.All)));

    private const string Sink = """ "sink": { "type": "console" } """;

    [Theory]
    [InlineData("""{ "type": "file", "connection": "a.csv" }""")]
    [InlineData("""{ "type": "file", "connection": "a.csv", "options": null }""")]
    [InlineData("""{ "sourceType": "file", "connectionString": "a.csv", "config": { "format": "ndjson" }, "batchSize": "10", "pollIntervalMs": 0 }""")]
    [InlineData("""{ "type": "kafka", "connection": "x", "options": { "topic": "a", "max-poll-records": 500, "enable-auto-commit": true, "heartbeat": 30 } }""")]
    [InlineData("""{ "type": "kafka", "connection": "x", "options": { "topic": 7, "max-poll-records": "500", "enable-auto-commit": "true", "heartbeat": "30s" } }""")]
    [InlineData("""{ "type": "kafka", "connection": "${env:X}", "options": { "topic": "a", "max-poll-records": "${env:X}", "auth-type": "${env:Y:-none}", "fetch-bytes": "64KiB" } }""")]
    [InlineData("""{ "type": "kafka", "connection": "x", "options": { "topic": "a", "headers": { "A": 1 }, "partitions": ["a", 1], "limit": null } }""")]
    public async Task Good_sources_are_valid_for_the_schema_and_for_the_reader(string source)
    {
        var text = $$"""{ "source": {{source}}, {{Sink}} }""";
        Assert.Empty(await ErrorsOf(text));
        Configured.Pipeline(text, ("X", "1"));
    }

    [Theory]
    [InlineData("""{ "type": "ftp", "connection": "a" }""")]
    [InlineData("""{ "connection": "a" }""")]
    [InlineData("""{ "type": "file" }""")]
    [InlineData("""{ "type": "file", "sourceType": "file", "connection": "a" }""")]
    [InlineData("""{ "type": "file", "connection": "a", "connectionString": "a" }""")]
    [InlineData("""{ "type": "file", "connection": "a", "batch-size": 1, "batchSize": 1 }""")]
    [InlineData("""{ "type": "file", "connection": "a", "batch-size": 0 }""")]
    [InlineData("""{ "type": "file", "connection": "a", "options": { "topic": "a" } }""")]
    [InlineData("""{ "type": "file", "connection": "a", "options": { "format": "cvs" } }""")]
    [InlineData("""{ "type": "file", "connection": "a", "options": { "has-header": "yes" } }""")]
    [InlineData("""{ "type": "file", "connection": "a", "options": { "header-rows": 1.5 } }""")]
    [InlineData("""{ "type": "kafka", "connection": "x" }""")]
    [InlineData("""{ "type": "kafka", "connection": "x", "options": { "topic": "a", "max-poll-records": 10001 } }""")]
    [InlineData("""{ "type": "kafka", "connection": "x", "options": { "topic": "a", "heartbeat": "5 minutes" } }""")]
    [InlineData("""{ "type": "kafka", "connection": "x", "options": { "topic": "a", "headers": [1] } }""")]
    public async Task Bad_sources_are_refused_by_the_schema_and_by_the_reader(string source)
    {
        var text = $$"""{ "source": {{source}}, {{Sink}} }""";
        Assert.NotEmpty(await ErrorsOf(text));
        Configured.Problems(text);
    }

    [Theory]
    [InlineData("""[{ "filter": "a = 1" }, { "select": ["id"] }, { "select": { "fields": ["id"], "rename": { "a": "b" } } }]""", true)]
    [InlineData("""[]""", true)]
    [InlineData("""[{ "filtr": "a = 1" }]""", false)]
    [InlineData("""[{ "filter": "a = 1", "select": ["id"] }]""", false)]
    [InlineData("""[{ "filter": { } }]""", false)]
    [InlineData("""[{ "select": { "field": ["id"] } }]""", false)]
    [InlineData("""["filter"]""", false)]
    public async Task Transforms_are_checked_by_the_schema_and_by_the_reader(string transforms, bool isValid)
    {
        var text = $$"""{ "source": { "type": "file", "connection": "a" }, "transforms": {{transforms}}, {{Sink}} }""";

        Assert.Equal(isValid, (await ErrorsOf(text)).Count == 0);
        Assert.Equal(isValid, Record.Exception(() => Configured.Pipeline(text)) is null);
    }

    [Theory]
    [InlineData(
        "\"delivery\": \"at-least-once\", \"until\": \"caught-up\", \"max-latency\": \"1s\", \"workers\": 2, \"max-batch-bytes\": \"1MiB\"",
        true)]
    [InlineData("\"$schema\": \"docs/reference/schema.json\"", true)]
    [InlineData("\"delivery\": \"exactly-once\"", false)]
    [InlineData("\"workers\": -1", false)]
    [InlineData("\"max-batch-bytes\": 100000000", false)]
    [InlineData("\"sinks\": {}", false)]
    public async Task Pipeline_keys_are_checked_by_the_schema_and_by_the_reader(string keys, bool isValid)
    {
        var text = $$"""{ "source": { "type": "file", "connection": "a" }, {{keys}}, {{Sink}} }""";

        Assert.Equal(isValid, (await ErrorsOf(text)).Count == 0);
        Assert.Equal(isValid, Record.Exception(() => Configured.Pipeline(text)) is null);
    }

    [Fact]
    public void The_schema_carries_what_editors_show()
    {
        var source = Schema().GetProperty("$defs").GetProperty("source-kafka").GetProperty("properties");
        var options = source.GetProperty("options").GetProperty("properties");
        var records = options.GetProperty("max-poll-records");

        Assert.Equal("Most records per fetch.", records.GetProperty("description").GetString());
        Assert.Equal(500, records.GetProperty("default").GetInt32());
        Assert.Equal("""{"type":"integer","minimum":1,"maximum":10000}""", JsonSerializer.Serialize(records.GetProperty("anyOf")[0]));
        Assert.Equal(
            """{"enum":["none","bearer","jwt","api-key"]}""", JsonSerializer.Serialize(options.GetProperty("auth-type").GetProperty("anyOf")[0]));
        Assert.False(options.GetProperty("enable-auto-commit").GetProperty("default").GetBoolean());
        Assert.Equal("30s", options.GetProperty("heartbeat").GetProperty("default").GetString());
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", Schema().GetProperty("$schema").GetString());
    }

    [Theory]
    [InlineData("""{ "connection": "http://localhost/{{last}}", "deduplicate-by": "id", "options": { "response-path": "x", "max-retries": 3 } }""", true)]
    [InlineData(""" "{\"connection\":\"http://localhost/{{last}}\",\"deduplicate-by\":\"id\"}" """, true)]
    [InlineData("""{ "connection": "http://localhost/{{last}}" }""", false)]
    [InlineData("""{ "connection": "http://localhost/{{last}}", "deduplicate-by": "id", "margin": "soon" }""", false)]
    [InlineData("""{ "connection": "http://localhost/{{last}}", "deduplicate-by": "id", "options": { "response": "x" } }""", false)]
    [InlineData("""["http://localhost/{{last}}"]""", false)]
    public async Task Options_of_options_are_checked_by_the_schema_and_by_the_reader(string onGap, bool isValid)
    {
        var text = $$$"""{ "source": { "type": "websocket", "connection": "ws://localhost", "options": { "sequence-path": "n", "on-gap": {{{onGap}}} } }, {{{Sink}}} }""";
        var schema = await JsonSchema.FromJsonAsync(JsonSchemaWriter.Write(BuiltInCatalogue.Instance), TestContext.Current.CancellationToken);

        Assert.Equal(isValid, schema.Validate(text).Count == 0);
        Assert.Equal(isValid, Record.Exception(() => PipelineFile.Parse(text, "p", BuiltInCatalogue.Instance)) is null);
    }

    private static JsonElement Schema() => JsonDocument.Parse(JsonSchemaWriter.Write(SampleCatalogue.All)).RootElement;

    private static async Task<ICollection<NJsonSchema.Validation.ValidationError>> ErrorsOf(string json) =>
        (await Parsed.Value).Validate(json);
}
