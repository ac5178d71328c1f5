namespace DataFlow.Connectors;

/// <summary>Decides which records get which faults. A record's faults follow from it alone, and no fault changes another.</summary>
/// <param name="options">The shares.</param>
/// <param name="fieldCount">Number of data fields.</param>
internal sealed class FaultPlan(TestSourceOptions options, int fieldCount)
{
    private readonly bool _isEmpty = options is { Malformed: 0, Duplicates: 0, Late: 0, Nulls: 0, Huge: 0, SchemaDrift: 0 };

    /// <summary>The faults of a record.</summary>
    public RecordFaults Of(in TestRecord record)
    {
        if (_isEmpty)
        {
            return RecordFaults.None;
        }

        var random = record.Stream(TestRecord.Faults);
        return new RecordFaults
        {
            IsMalformed = random.Chance(options.Malformed),
            IsDuplicated = random.Chance(options.Duplicates),
            IsLate = random.Chance(options.Late),
            NullField = FieldIf(random.Chance(options.Nulls), ref random, fieldCount),
            IsHuge = random.Chance(options.Huge),
            DriftField = FieldIf(random.Chance(options.SchemaDrift), ref random, fieldCount + 1),
        };
    }

    private static int FieldIf(bool chosen, ref SeededRandom random, int count)
    {
        var field = (int)random.Below((ulong)count);
        return chosen ? field : RecordFaults.NoField;
    }
}

/// <summary>What is wrong with one generated record.</summary>
internal readonly record struct RecordFaults()
{
    public const int NoField = -1;

    public static RecordFaults None => new();

    /// <summary>It is cut off in the middle.</summary>
    public bool IsMalformed { get; init; }

    /// <summary>It comes twice.</summary>
    public bool IsDuplicated { get; init; }

    /// <summary>Its timestamps are old.</summary>
    public bool IsLate { get; init; }

    /// <summary>The data field that is null.</summary>
    public int NullField { get; init; } = NoField;

    /// <summary>Its first text field is huge.</summary>
    public bool IsHuge { get; init; }

    /// <summary>The data field that has another name; one more than the last for an additional field.</summary>
    public int DriftField { get; init; } = NoField;
}
