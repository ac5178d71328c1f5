using DataFlow.Engine.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace DataFlow.UnitTests.SourceApi;

/// <summary>What records look like to people, read from real files.</summary>
public sealed class RecordTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dataflow-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    [Trait("claim", "REC-01")]
    public async Task Every_value_reads_as_the_text_that_stood_in_the_source()
    {
        var record = Assert.Single(await Read("""{"id":"a","age":30,"price":12.50,"big":12345678901234567890123,"ok":true}""" + "\n", ("format", "json")));

        Assert.Equal("a", record.Id);
        Assert.Equal(
            new Dictionary<string, string> { ["age"] = "30", ["price"] = "12.50", ["big"] = "12345678901234567890123", ["ok"] = "true" },
            record.Data);
        Assert.Equal("file", record.Metadata["source"]);
        Assert.Equal((30L, 12.50m), (record.GetInt64("age"), record.GetDecimal("price")));
    }

    [Fact]
    [Trait("claim", "REC-04")]
    public async Task A_record_without_an_id_gets_the_same_uuid_whenever_it_is_read()
    {
        const string Text = "first line\nsecond line\n";

        var first = await Read(Text, ("format", "text"));
        var again = await Read(Text, ("format", "text"));

        Assert.All(first, record => Assert.True(Guid.TryParse(record.Id, out _)));
        Assert.Equal(first.Select(record => record.Id), again.Select(record => record.Id));
        Assert.Equal(2, first.Select(record => record.Id).Distinct().Count());
    }

    [Fact]
    [Trait("claim", "REC-07")]
    public async Task Null_reads_as_an_empty_text_and_stays_null_while_an_absent_key_is_absent()
    {
        var records = await Read("{\"id\":\"1\",\"a\":null}\n{\"id\":\"2\",\"b\":\"\"}\n", ("format", "json"));

        Assert.Equal("", records[0].Data["a"]);
        Assert.True(records[0].IsNull("a"));
        Assert.False(records[0].Data.ContainsKey("b"));
        Assert.False(records[1].Data.ContainsKey("a"));
        Assert.False(records[1].IsNull("b"));
    }

    [Fact]
    [Trait("claim", "REC-09")]
    public async Task An_id_may_repeat_and_the_delivery_id_never_does()
    {
        var records = await Read("user_id,order\n7,first\n7,second\n");

        Assert.Equal(["7", "7"], records.Select(record => record.Id));
        Assert.Equal(2, records.Select(record => record.DeliveryId).Distinct().Count());
    }

    [Theory]
    [Trait("claim", "FILE-01")]
    [InlineData(null, "id,name\n1,Alice\n", "csv")]
    [InlineData("csv", "id,name\n1,Alice\n", "csv")]
    [InlineData("json", "{\"id\":\"1\",\"name\":\"Alice\"}\n", "json")]
    [InlineData("ndjson", "{\"id\":\"1\",\"name\":\"Alice\"}\n", "json")]
    [InlineData("text", "1 Alice\n", "text")]
    public async Task The_format_is_csv_unless_another_is_named(string? format, string text, string found)
    {
        var record = Assert.Single(format is null ? await Read(text) : await Read(text, ("format", format)));

        Assert.Equal(found, record.Metadata["format"]);
    }

    [Fact]
    [Trait("claim", "FILE-02")]
    public async Task The_first_row_is_the_header_unless_it_is_said_not_to_be()
    {
        Assert.Equal(["id", "name"], Assert.Single(await Read("id,name\n1,Alice\n")).Data.Keys);
        Assert.Equal(["field0", "field1"], (await Read("1,Alice\n2,Bob\n", ("has-header", "false")))[0].Data.Keys);
    }

    [Fact]
    [Trait("claim", "FILE-03")]
    public async Task Fields_are_separated_by_commas_unless_another_delimiter_is_named()
    {
        Assert.Equal("Alice;x", Assert.Single(await Read("id,name\n1,Alice;x\n"))["name"]);
        Assert.Equal("Alice,x", Assert.Single(await Read("id;name\n1;Alice,x\n", ("delimiter", ";")))["name"]);
    }

    [Fact]
    [Trait("claim", "OPS-02")]
    public async Task The_health_check_of_an_application_names_the_source_that_is_unhealthy()
    {
        var services = new ServiceCollection();
        services.AddDataFlow(options => options.StateDirectory = Path.Combine(_folder.FullName, "state"));
        await using var provider = services.BuildServiceProvider();
        var source = provider.GetRequiredService<SourceFactory>().Create("absent", Config("absent.csv"));
        var health = provider.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);

        await Assert.ThrowsAsync<ConnectorException>(() => source.Start((_, _) => ValueTask.CompletedTask));

        var report = await health.CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.Contains(source.SourceId, report.Entries["dataflow"].Description!, StringComparison.Ordinal);
        await source.DisposeAsync();
    }

    [Fact]
    public async Task A_hosted_pipeline_whose_written_guarantee_can_not_be_proved_is_refused()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "in.csv"), "id\n1\n");
        var pipeline = Path.Combine(_folder.FullName, "p.yaml");
        await File.WriteAllTextAsync(
            pipeline,
            """
            name: p
            source: { type: file, connection: in.csv }
            sink: { type: console }
            delivery: effectively-once
            """);
        var services = new ServiceCollection();
        services.AddDataFlow(options => options.StateDirectory = Path.Combine(_folder.FullName, "state")).AddPipeline(pipeline);
        await using var provider = services.BuildServiceProvider();
        var host = provider.GetRequiredService<PipelineHost>();

        var refusal = await Assert.ThrowsAsync<ConfigurationException>(async () =>
        {
            await host.StartAsync(CancellationToken.None);
            await host.ExecuteTask!;
        });

        Assert.Contains("effectively-once can't be guaranteed", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(host.Runs);
    }

    private async Task<List<DataRecord>> Read(string text, params (string Name, string Value)[] options)
    {
        var config = Config("input");
        await File.WriteAllTextAsync(config.ConnectionString, text);
        var records = new List<DataRecord>();
        await foreach (var record in Source.Create("p", config with { Options = options.ToDictionary(option => option.Name, option => option.Value) }).Stream())
        {
            records.Add(record);
        }

        return records;
    }

    private SourceConfig Config(string name) => new() { SourceType = "file", ConnectionString = Path.Combine(_folder.FullName, name) };
}
