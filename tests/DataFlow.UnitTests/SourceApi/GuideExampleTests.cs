namespace DataFlow.UnitTests.SourceApi;

/// <summary>The guide's configurations of the file and test sources, with its literal option texts, through the Source API.</summary>
public sealed class GuideExampleTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dataflow-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    [Trait("claim", "FILE-05")]
    public async Task Basic_csv()
    {
        var records = await ReadAsync(File(
            "users.csv",
            "id,name,age,email\n1,Alice,30,alice@example.com\n2,Bob,25,bob@example.com\n",
            ("format", "csv"), ("has-header", "true"), ("delimiter", ","), ("encoding", "UTF-8")));

        Assert.Equal(["1", "2"], records.Select(record => record.Id));
        Assert.Equal("bob@example.com", records[1].Data["email"]);
    }

    [Fact]
    [Trait("claim", "FILE-06")]
    public async Task Json()
    {
        var records = await ReadAsync(File(
            "events.json", "{\"id\":\"evt-1\",\"type\":\"login\"}\n", ("format", "json"), ("encoding", "UTF-8")));

        Assert.Equal(("evt-1", "login"), (Assert.Single(records).Id, records[0].Data["type"]));
    }

    [Fact]
    [Trait("claim", "FILE-07")]
    public async Task Text()
    {
        var records = await ReadAsync(File("logs.txt", "[INFO] started\n", ("format", "text"), ("encoding", "UTF-8")));

        Assert.Equal(("[INFO] started", "1"), (Assert.Single(records).Data["line"], records[0].Data["line_number"]));
    }

    [Theory]
    [Trait("claim", "FILE-08")]
    [InlineData("\t")]
    [InlineData("\\t")]
    public async Task Tsv(string delimiter)
    {
        var records = await ReadAsync(File(
            "data.tsv", "id\tname\n1\tAlice, B\n", ("format", "csv"), ("has-header", "true"), ("delimiter", delimiter), ("encoding", "UTF-8")));

        Assert.Equal("Alice, B", Assert.Single(records).Data["name"]);
    }

    [Theory]
    [Trait("claim", "TEST-02")]
    [Trait("claim", "SRC-02")]
    [InlineData(null, "id,name,age,email")]
    [InlineData("user", "id,name,age,email")]
    [InlineData("event", "event_type,user_id,timestamp")]
    [InlineData("order", "order_id,product,quantity,amount")]
    [InlineData("sensor", "sensor_id,temperature,humidity")]
    public async Task Test_records_of_each_type(string? type, string fields)
    {
        var options = new Dictionary<string, string> { ["total-records"] = "3" };
        if (type is not null)
        {
            options["record-type"] = type;
        }

        var records = await ReadAsync(new SourceConfig { SourceType = "test", ConnectionString = "test", Options = options });

        Assert.Equal(3, records.Count);
        Assert.Equal(fields.Split(','), records[0].Data.Keys);
    }

    private static async Task<List<DataRecord>> ReadAsync(SourceConfig config)
    {
        var records = new List<DataRecord>();
        await foreach (var record in Source.Create("pipeline-1", config).Stream())
        {
            records.Add(record);
        }

        return records;
    }

    private SourceConfig File(string name, string text, params (string Name, string Value)[] options)
    {
        var path = Path.Combine(_folder.FullName, name);
        System.IO.File.WriteAllText(path, text);
        return new SourceConfig
        {
            SourceType = "file",
            ConnectionString = path,
            Options = options.ToDictionary(option => option.Name, option => option.Value),
            BatchSize = 1000,
            PollIntervalMs = 1000,
        };
    }
}
