namespace DataFlow.Connectors;

/// <summary>The records that the test source knows by name.</summary>
internal enum TestRecordType
{
    User,
    Event,
    Order,
    Sensor,
}

/// <summary>What to generate, how much of it, how fast, and with which faults.</summary>
internal sealed record TestSourceOptions
{
    [Option("What is generated: user (id, name, age, email), event (event_type, user_id, timestamp), order (order_id, product, quantity, amount) or sensor (sensor_id, temperature, humidity).", Identity = true)]
    public TestRecordType RecordType { get; init; } = TestRecordType.User;

    [Option("How many records to generate in all. 0: endless.")]
    [OptionRange(0)]
    public long TotalRecords { get; init; }

    [Option("Records per second, whatever the batch size and the poll interval. 0: as fast as they are taken. A consumer that falls behind gets the records that are due at once.")]
    [OptionRange(0, 1e9)]
    public double RecordsPerSecond { get; init; }

    [Option("The same seed gives the same records, byte for byte, whatever the batch size, the speed and the place of a restart.", Identity = true)]
    public long Seed { get; init; }

    [Option("Own fields instead of a record type: field names with generators, such as age: int(18,90). Generators: " + FieldGenerator.Known, Identity = true, Example = "{ id: sequence, age: int(18,90) }")]
    public IReadOnlyDictionary<string, string>? Template { get; init; }

    [Option("Adds the fields sequence (1, 2, 3, ...), run_id and checksum (of all other fields that are not empty), so that a checker can tell whether records were lost, doubled or changed.", Identity = true)]
    public bool Audit { get; init; }

    [Option("The value of run_id for audit. Left out: made from the seed.", Advanced = true, Identity = true)]
    public string? RunId { get; init; }

    [Option("Share of records that are cut off in the middle, 0 to 1. They become dead letters.", Advanced = true, Identity = true)]
    [OptionRange(0, 1)]
    public double Malformed { get; init; }

    [Option("Share of records that come twice in a row, 0 to 1. The second one is a record of its own with equal content, on top of total-records.", Advanced = true, Identity = true)]
    [OptionRange(0, 1)]
    public double Duplicates { get; init; }

    [Option("Share of records whose timestamps are older than their place in the stream, 0 to 1.", Advanced = true, Identity = true)]
    [OptionRange(0, 1)]
    public double Late { get; init; }

    [Option("How much older the timestamps of late records are.", Advanced = true, Identity = true, Unit = "s")]
    public TimeSpan LateBy { get; init; } = TimeSpan.FromHours(1);

    [Option("Share of records in which one field is null, 0 to 1.", Advanced = true, Identity = true)]
    [OptionRange(0, 1)]
    public double Nulls { get; init; }

    [Option("Share of records whose first text field is huge, 0 to 1.", Advanced = true, Identity = true)]
    [OptionRange(0, 1)]
    public double Huge { get; init; }

    [Option("Size of a huge field.", Advanced = true, Identity = true)]
    [OptionRange(1, 100_000_000)]
    public ByteSize HugeBytes { get; init; } = ByteSize.MiB(1);

    [Option("Share of records with another schema, 0 to 1: a field renamed by adding _v2, or an additional field named extra.", Advanced = true, Identity = true)]
    [OptionRange(0, 1)]
    public double SchemaDrift { get; init; }
}
