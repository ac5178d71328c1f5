using System.Text.Json;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors.Test;

public class TestSourceTests
{
    [Fact]
    [Trait("claim", "TEST-01")]
    public async Task The_guides_example_works_as_written()
    {
        Assert.Equal("test", TestSourceDefinition.Definition.Name);
        Assert.Equal("test", TestSourceDefinition.Definition.ConnectionExample);
        Assert.False(TestSourceDefinition.Definition.ConnectionRequired);
        var context = new TestSourceContext { MostRecords = 100 };
        var options = new TestSourceOptions { RecordType = TestRecordType.User, TotalRecords = 1000, RecordsPerSecond = 100 };
        var running = TestSourceRun.ReadAsync(options, context);
        for (var second = 0; second < 10; second++)
        {
            Assert.False(running.IsCompleted);
            context.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(1000, (await running).Records.Count);
    }

    [Fact]
    [Trait("claim", "TEST-02")]
    public void The_record_type_is_user_unless_another_is_chosen()
    {
        Assert.Equal(TestRecordType.User, new TestSourceOptions().RecordType);
        Assert.Equal(["User", "Event", "Order", "Sensor"], Enum.GetNames<TestRecordType>());
    }

    [Theory]
    [Trait("claim", "TEST-03")]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(2500)]
    public async Task It_gives_as_many_records_as_total_records_says(int total)
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = total });
        Assert.Equal(total, run.Records.Count);
        Assert.Equal(total, run.Records.Select(record => record.DeliveryId).Distinct().Count());
    }

    [Fact]
    [Trait("claim", "TEST-03")]
    public async Task Without_total_records_it_is_endless()
    {
        var settings = TestSourceRun.Settings(new TestSourceOptions());
        Assert.Equal(new SourceCapabilities(Replayable: true, Endless: true), TestSourceDefinition.Definition.Capabilities(settings));
        Assert.Equal(Until.Forever, TestSourceDefinition.Definition.DefaultUntil(settings));
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions(), batches: 10);
        Assert.Equal(10_000, run.Records.Count);

        var limited = TestSourceRun.Settings(new TestSourceOptions { TotalRecords = 5 });
        Assert.Equal(new SourceCapabilities(Replayable: true), TestSourceDefinition.Definition.Capabilities(limited));
        Assert.Equal(Until.CaughtUp, TestSourceDefinition.Definition.DefaultUntil(limited));
    }

    [Fact]
    [Trait("claim", "TEST-05")]
    public async Task A_user_has_id_name_age_and_email()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = 200 });
        Assert.All(run.Records, (record, index) =>
        {
            Assert.Equal(["id", "name", "age", "email"], record.Data.Keys);
            Assert.Equal((index + 1).ToString(), record.Id);
            Assert.Equal(record.Id, record["id"]);
            Assert.InRange(record.GetInt64("age"), 18, 90);
            Assert.Matches(@"^[^ ]+ [^ ]+$", record["name"]);
            Assert.Matches(@"^[a-z]+\.[a-z]+\d+@example\.com$", record["email"]);
        });
        Assert.Equal(200, run.Records.Select(record => record["email"]).Distinct().Count());
    }

    [Fact]
    [Trait("claim", "TEST-06")]
    public async Task An_event_has_event_type_user_id_and_a_timestamp_that_is_not_the_clocks()
    {
        var context = new TestSourceContext();
        context.Clock.Advance(TimeSpan.FromDays(1000));
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { RecordType = TestRecordType.Event, TotalRecords = 100 }, context);
        Assert.All(run.Records, (record, index) =>
        {
            Assert.Equal(["event_type", "user_id", "timestamp"], record.Data.Keys);
            Assert.Contains(record["event_type"], new[] { "login", "view", "search", "add_to_cart", "purchase", "logout" });
            Assert.InRange(record.GetInt64("user_id"), 1, 1000);
            Assert.Equal(
                new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(index).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), record["timestamp"]);
            Assert.Equal(record.DeliveryId.ToString(), record.Id);
        });
    }

    [Fact]
    [Trait("claim", "TEST-07")]
    public async Task An_order_has_order_id_product_quantity_and_amount()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { RecordType = TestRecordType.Order, TotalRecords = 100 });
        Assert.All(run.Records, (record, index) =>
        {
            Assert.Equal(["order_id", "product", "quantity", "amount"], record.Data.Keys);
            Assert.Equal($"ORD-{index + 1}", record["order_id"]);
            Assert.InRange(record.GetInt64("quantity"), 1, 10);
            Assert.InRange(record.GetDecimal("amount"), 1m, 1000m);
            Assert.Matches(@"^\d+\.\d\d$", record["amount"]);
        });
    }

    [Fact]
    [Trait("claim", "TEST-07")]
    public async Task A_sensor_has_sensor_id_temperature_and_humidity()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { RecordType = TestRecordType.Sensor, TotalRecords = 100 });
        Assert.All(run.Records, record =>
        {
            Assert.Equal(["sensor_id", "temperature", "humidity"], record.Data.Keys);
            Assert.Matches(@"^sensor-[1-8]$", record["sensor_id"]);
            Assert.InRange(record.GetDecimal("temperature"), -20m, 45m);
            Assert.InRange(record.GetDecimal("humidity"), 0m, 100m);
        });
        Assert.Contains(run.Records, record => record.GetDecimal("temperature") < 0);
    }

    [Fact]
    [Trait("claim", "TEST-08")]
    public async Task The_offset_is_the_sequence_number_and_reading_goes_on_after_it()
    {
        var context = new TestSourceContext { MostRecords = 30 };
        await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = 100 }, context, batches: 2);
        Assert.Equal(new SplitPosition(60, """{"v":1,"sequence":60}"""), context.Positions["test"]);
        var rest = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = 100 }, context);
        Assert.Equal("61", rest.Records[0]["id"]);
        Assert.Equal(40, rest.Records.Count);
        Assert.Empty((await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = 100 }, context)).Records);
    }

    [Fact]
    [Trait("claim", "TEST-08")]
    [Trait("claim", "SRC-09")]
    public async Task A_bare_number_places_it()
    {
        var settings = TestSourceRun.Settings(new TestSourceOptions { TotalRecords = 100 });
        var advance = TestSourceDefinition.Definition.PositionFromNumber!(settings, 95);
        var context = new TestSourceContext { Positions = { [advance.Split] = new SplitPosition(advance.Position.Offset, "") } };
        Assert.Equal("96", (await TestSourceRun.ReadAsync((TestSourceOptions)settings.Options, context)).Records[0].Id);
        var error = Assert.Throws<ConnectorException>(() => TestSourceDefinition.Definition.PositionFromNumber!(settings, -1));
        Assert.Equal("The test source can't go on after record -1; give 0 or the number of a record.", error.Message);
    }

    [Fact]
    [Trait("claim", "REC-02")]
    [Trait("claim", "REC-03")]
    public async Task Metadata_say_source_format_and_the_moment_of_ingestion()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = 1 });
        Assert.Equal("test", run.Records[0].Metadata["source"]);
        Assert.Equal("json", run.Records[0].Metadata["format"]);
        Assert.Equal("fake-source-pipeline-1-000001", run.Records[0].Metadata["source_id"]);
        Assert.Equal("2024-01-01T10:00:00Z", run.Records[0].Metadata["timestamp"]);
    }

    [Theory]
    [InlineData("User")]
    [InlineData("Event")]
    [InlineData("Order")]
    [InlineData("Sensor")]
    public async Task Each_row_is_a_json_object_that_says_what_its_fields_say(string type)
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions
        {
            RecordType = Enum.Parse<TestRecordType>(type),
            TotalRecords = 300,
            Audit = true,
            Nulls = 0.3,
            SchemaDrift = 0.3,
        });
        Assert.All(run.Lines, (line, index) =>
        {
            using var json = JsonDocument.Parse(line);
            var record = run.Records[index];
            Assert.Equal(json.RootElement.EnumerateObject().Select(property => property.Name), record.Data.Keys);
            foreach (var property in json.RootElement.EnumerateObject())
            {
                Assert.Equal(property.Value.ValueKind == JsonValueKind.Null, record.IsNull(property.Name));
                Assert.Equal(property.Value.ToString(), record[property.Name]);
            }
        });
    }

    [Fact]
    public async Task Columns_have_types_so_that_numbers_are_written_as_numbers()
    {
        await using var source = TestSourceDefinition.Definition.Create(TestSourceRun.Settings(new TestSourceOptions
        {
            TotalRecords = 1,
            Template = new Dictionary<string, string>
            {
                ["a"] = "int(1,2)",
                ["b"] = "decimal(0,1,1)",
                ["c"] = "bool",
                ["d"] = "uuid",
                ["e"] = "timestamp(2024-01-01T00:00:00Z, 1s)",
                ["f"] = "name",
                ["g"] = "null(1, sequence)",
            },
        }));
        await foreach (var batch in source.ReadAsync(new TestSourceContext(), CancellationToken.None))
        {
            Assert.Equal(
                [FieldType.Int64, FieldType.Decimal, FieldType.Bool, FieldType.Uuid, FieldType.TimestampTz, FieldType.Text, FieldType.Int64],
                Enumerable.Range(0, 7).Select(batch.Schema.TypeOf));
            Assert.Equal(FieldKind.JsonRaw, batch.Field(0, 0).Kind);
            Assert.Equal(FieldKind.Null, batch.Field(0, 6).Kind);
            batch.Release();
        }
    }
}
