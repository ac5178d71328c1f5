using System.Buffers.Text;

namespace DataFlow.Connectors;

/// <summary>
/// Writes generated records into batches, each one as a complete JSON object whose tokens are the fields. Columns are the
/// data fields, then what schema drift may add, then the audit fields. Not thread-safe.
/// </summary>
internal sealed class TestRecordWriter
{
    private const string RenamedSuffix = "_v2";
    private const string ExtraField = "extra";
    private const int MostNumberBytes = 20;

    // Two quotes and a comma, or "null" and a comma.
    private const int MostPunctuation = 5;

    private static readonly string[] AuditFields = ["sequence", "run_id", "checksum"];

    private readonly TestSourceOptions _options;
    private readonly FieldGenerator[] _generators;
    private readonly FaultPlan _faults;
    private readonly RecordIdentity _identity;
    private readonly AuditChecksum _checksum = new();
    private readonly JsonLiteral _runId;
    private readonly int _hugeField;
    private readonly int _firstAudit;
    private readonly FieldRef[] _row;
    private byte[] _plain = [];

    /// <summary>Prepares the columns.</summary>
    /// <exception cref="OptionException">The template can't be used, or a fault needs a field that it doesn't have.</exception>
    public TestRecordWriter(TestSourceOptions options)
    {
        _options = options;
        var fields = RecordTemplate.Of(options);
        _generators = [.. fields.Select(field => field.Generator)];
        _faults = new FaultPlan(options, fields.Length);
        _hugeField = Array.FindIndex(_generators, generator => generator.Type == FieldType.Text);
        _runId = new JsonLiteral(options.RunId ?? $"seed-{options.Seed}");
        _identity = new RecordIdentity(
            $"test:{options.Seed}:{options.RecordType.ToString().ToLowerInvariant()}", TestSourceConnector.Split);

        var columns = fields.Select(field => (field.Name, field.Generator.Type)).ToList();
        if (options.SchemaDrift > 0)
        {
            columns.AddRange(fields.Select(field => (field.Name + RenamedSuffix, field.Generator.Type)));
            columns.Add((ExtraField, FieldType.Text));
        }

        _firstAudit = columns.Count;
        if (options.Audit)
        {
            columns.AddRange(AuditFields.Select(name => (name, name == "sequence" ? FieldType.Int64 : FieldType.Text)));
        }

        Schema = SchemaOf(columns);
        MostBytes = _generators.Sum(generator => generator.MostBytes) + MostNumberBytes + _runId.Inside.Length + AuditChecksum.Length
            + ExtraValue.Length + Enumerable.Range(0, Schema.Count).Sum(column => Schema.JsonKey(column).Length + MostPunctuation) + 2;
        _row = new FieldRef[Schema.Count];
        Require(
            options.Huge == 0 || _hugeField >= 0,
            "huge",
            "none of the fields is a text; leave huge out or add one such as note: text(10,50)");
        Require(
            options.Late == 0 || _generators.Any(generator => generator.IsTimestamp),
            "late",
            "none of the fields is a timestamp; use record-type event or add one such as at: timestamp(2024-01-01T00:00:00Z, 1s)");
    }

    private static ReadOnlySpan<byte> ExtraValue => "drift"u8;

    /// <summary>The columns of every batch.</summary>
    public RecordSchema Schema { get; }

    /// <summary>The longest record without a huge field, in bytes.</summary>
    public int MostBytes { get; }

    /// <summary>True when a record comes twice.</summary>
    public bool IsDuplicated(long sequence) =>
        _faults.Of(new TestRecord(_options.Seed, sequence)) is { IsDuplicated: true, IsMalformed: false };

    /// <summary>Prepares an empty batch.</summary>
    public void Begin(RecordBatch batch, int rows)
    {
        batch.Begin(Schema, rows);
        batch.Identity = _identity;
        batch.RowsAreJsonObjects = true;
        batch.IdColumn = Schema.IndexOf("id");
    }

    /// <summary>Adds a record: a row, or an error when it is malformed.</summary>
    /// <param name="batch">A batch that <see cref="Begin"/> has prepared.</param>
    /// <param name="sequence">The record's number, 1-based.</param>
    /// <param name="isCopy">True for the second of two equal records.</param>
    public void Write(RecordBatch batch, long sequence, bool isCopy)
    {
        var record = new TestRecord(_options.Seed, sequence);
        var faults = _faults.Of(record);
        record = faults.IsLate ? record with { Late = _options.LateBy } : record;

        // A copy needs a position of its own, because the DeliveryId is made from it.
        var position = isCopy ? ~sequence : sequence;
        var start = batch.Length;
        batch.EnsureCapacity(start + MostBytes + (faults.IsHuge ? (int)_options.HugeBytes.Bytes : 0));
        batch.Length = WriteObject(batch.Data, start, record, faults);
        if (faults.IsMalformed)
        {
            batch.Length -= (batch.Length - start) / 2;
            AddError(batch, start, sequence, position);
            batch.Length = start;
            return;
        }

        _row.CopyTo(batch.AddRow(start, batch.Length - start));
        batch.SetPosition(batch.RowCount - 1, position);
    }

    private static RecordSchema SchemaOf(List<(string Name, FieldType Type)> columns)
    {
        var twice = columns.CountBy(column => column.Name).FirstOrDefault(count => count.Value > 1).Key;
        Require(twice is null, "template", $"the name '{twice}' is needed for audit or schema-drift; give that field another one");
        return new RecordSchema(columns);
    }

    private static void Require(bool condition, string key, string message)
    {
        if (!condition)
        {
            throw new OptionException(key, $"The option {key} can't be used here: {message}.");
        }
    }

    private void AddError(RecordBatch batch, int start, long sequence, long position)
    {
        var raw = batch.Data.AsSpan(start, Math.Min(batch.Length - start, RecordError.MaxRawBytes)).ToArray();
        batch.AddError(new RecordError(
            _identity.At(position),
            RecordError.Stages.Source,
            "invalid-json",
            $"Record {sequence} of the test source ends in the middle, because the option malformed asks for such records.",
            raw,
            TestSourceConnector.Split,
            sequence));
    }

    private int WriteObject(byte[] data, int start, in TestRecord record, in RecordFaults faults)
    {
        Array.Fill(_row, FieldRef.Absent);
        var at = start;
        data[at++] = (byte)'{';
        for (var field = 0; field < _generators.Length; field++)
        {
            if (field != faults.DriftField)
            {
                at = WriteField(data, at, field, field, record, faults);
            }
        }

        if (faults.DriftField != RecordFaults.NoField)
        {
            var column = _generators.Length + faults.DriftField;
            at = faults.DriftField < _generators.Length
                ? WriteField(data, at, column, faults.DriftField, record, faults)
                : WriteLiteral(data, at, column, ExtraValue, FieldKind.JsonString);
        }

        if (_options.Audit)
        {
            at = WriteAudit(data, at, record.Sequence);
        }

        // The comma after the last field becomes the end of the object.
        data[at - 1] = (byte)'}';
        return at;
    }

    private int WriteField(byte[] data, int at, int column, int field, in TestRecord record, in RecordFaults faults)
    {
        at = Append(data, at, Schema.JsonKey(column));
        if (field == faults.NullField)
        {
            return EndField(data, at, column, 0, FieldKind.Null);
        }

        var inside = data.AsSpan(at + 1);
        if (faults.IsHuge && field == _hugeField)
        {
            inside[..(int)_options.HugeBytes.Bytes].Fill((byte)'x');
            return EndField(data, at, column, (int)_options.HugeBytes.Bytes, FieldKind.JsonString);
        }

        var random = record.Stream(field);
        return EndField(data, at, column, _generators[field].Write(record, ref random, inside, out var kind), kind);
    }

    private int WriteLiteral(byte[] data, int at, int column, ReadOnlySpan<byte> inside, FieldKind kind)
    {
        at = Append(data, at, Schema.JsonKey(column));
        inside.CopyTo(data.AsSpan(at + 1));
        return EndField(data, at, column, inside.Length, kind);
    }

    /// <summary>Turns a value that was written one byte ahead, where a quote may have to stand, into a field.</summary>
    private int EndField(byte[] data, int at, int column, int length, FieldKind kind)
    {
        switch (kind)
        {
            case FieldKind.Null:
                _row[column] = FieldRef.Null;
                return Append(data, at, "null,"u8);
            case FieldKind.JsonRaw:
                data.AsSpan(at + 1, length).CopyTo(data.AsSpan(at));
                _row[column] = new FieldRef(at, length, kind);
                return Append(data, at + length, ","u8);
            default:
                data[at] = (byte)'"';
                _row[column] = new FieldRef(at + 1, length, kind);
                return Append(data, at + 1 + length, "\","u8);
        }
    }

    private int WriteAudit(byte[] data, int at, long sequence)
    {
        for (var column = 0; column < _firstAudit; column++)
        {
            _checksum.Add(Schema.Utf8Name(column), PlainText(data, _row[column]));
        }

        Span<byte> digits = stackalloc byte[MostNumberBytes];
        Utf8Formatter.TryFormat(sequence, digits, out var length);
        at = WriteLiteral(data, at, _firstAudit, digits[..length], FieldKind.JsonRaw);
        at = WriteLiteral(data, at, _firstAudit + 1, _runId.Inside, _runId.Kind);
        Span<byte> checksum = stackalloc byte[AuditChecksum.Length];
        _checksum.Finish(checksum);
        return WriteLiteral(data, at, _firstAudit + 2, checksum, FieldKind.JsonString);
    }

    private ReadOnlySpan<byte> PlainText(byte[] data, FieldRef field)
    {
        var raw = data.AsSpan(field.Start, field.Length);
        if (field.Kind != FieldKind.JsonStringEscaped)
        {
            return raw;
        }

        if (_plain.Length < raw.Length)
        {
            _plain = new byte[raw.Length];
        }

        return _plain.AsSpan(0, FieldText.Unescape(raw, _plain));
    }

    private static int Append(byte[] data, int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(data.AsSpan(at));
        return at + bytes.Length;
    }
}
