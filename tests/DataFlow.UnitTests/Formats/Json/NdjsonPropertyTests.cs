using System.Text;
using System.Text.Json;
using CsCheck;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Json;

public class NdjsonPropertyTests
{
    private static readonly Gen<FormatOptions> Options = Gen.Select(
        Gen.Frequency((4, InvalidJsonPolicy.String), (4, InvalidJsonPolicy.DeadLetter), (1, InvalidJsonPolicy.Fail)),
        Gen.Frequency((4, InvalidBytesPolicy.Replace), (4, InvalidBytesPolicy.DeadLetter), (1, InvalidBytesPolicy.Fail)),
        Gen.Frequency((4, LongLinePolicy.Truncate), (4, LongLinePolicy.DeadLetter), (1, LongLinePolicy.Fail)),
        Gen.OneOf(16, 40, 1_000_000),
        Gen.OneOf(2, 5, 2000),
        Gen.OneOf("auto", "auto", "lf", "crlf"),
        (json, bytes, lines, maxLine, maxFields, separator) => NdjsonStream.Json with
        {
            OnInvalidJson = json,
            OnInvalidBytes = bytes,
            OnLongLine = lines,
            MaxLineBytes = new ByteSize(maxLine),
            MaxFields = maxFields,
            RecordSeparator = separator,
        });

    [Fact]
    public void Lines_are_taken_and_refused_as_the_json_reader_of_the_platform_does() =>
        NdjsonGen.Lines.Array[1, 8].Sample(Compare, iter: 1500);

    [Fact]
    public void The_result_does_not_depend_on_how_it_is_read() =>
        Gen.Select(NdjsonGen.Streams, Options, Gen.Int[1, 300], Gen.Int[1, 20], Gen.Bool, Gen.Bool).Sample(
            (bytes, options, bufferSize, maxRecords, frames, vectorised) =>
            {
                var reference = new NdjsonStream(options) { Vectorised = false };
                reference.Run(bytes);
                var other = new NdjsonStream(options)
                {
                    BufferSize = bufferSize,
                    MaxRecords = maxRecords,
                    Frames = frames,
                    Vectorised = vectorised,
                };
                other.Run(bytes);

                Assert.Equal(reference.Output, other.Output);
                Assert.Equal(reference.OutcomeText, other.OutcomeText);
                Assert.Equal(reference.Failure?.Message, other.Failure?.Message);
                if (reference.Failure is null)
                {
                    Assert.Equal(reference.States[^1], other.States[^1]);
                }
            },
            iter: 1500);

    private static void Compare(string[] lines)
    {
        var batch = BatchPool.Shared.Rent(64);
        batch.Identity = new RecordIdentity("file:/data", "events.json");
        batch.Append(Encoding.UTF8.GetBytes(string.Join("\n", lines)));
        var options = NdjsonStream.Json with { OnInvalidJson = InvalidJsonPolicy.DeadLetter };
        new NdjsonRecordReader(options).Read(batch, isFinal: true, int.MaxValue);
        var row = 0;
        var error = 0;
        for (var line = 0; line < lines.Length; line++)
        {
            if (lines[line].Trim(' ', '\t', '\r').Length == 0)
            {
                continue;
            }

            if (Parse(lines[line]) is { } expected)
            {
                Assert.Equal(line + 1, batch.LineOf(row));
                CompareRow(expected.RootElement, batch, row++);
            }
            else
            {
                Assert.Equal(line + 1, batch.Errors[error++].Offset);
            }
        }

        Assert.Equal(row, batch.RowCount);
        Assert.Equal(error, batch.Errors.Count);
        batch.Release();
    }

    private static JsonDocument? Parse(string line)
    {
        try
        {
            return JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void CompareRow(JsonElement expected, RecordBatch batch, int row)
    {
        Assert.Equal(expected.GetRawText(), Encoding.UTF8.GetString(batch.RawRow(row)));
        var values = new OrderedDictionary<string, JsonElement>();
        if (expected.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in expected.EnumerateObject())
            {
                values[property.Name] = property.Value;
            }
        }
        else
        {
            values["value"] = expected;
        }

        var columns = (batch.RowOrderOf(row) ?? [.. Enumerable.Range(0, batch.Schema.Count)])
            .Where(column => batch.Field(row, column).Kind != FieldKind.Absent)
            .ToList();
        Assert.Equal(values.Keys, columns.Select(column => batch.Schema.Names[column]));
        foreach (var (column, value) in columns.Zip(values.Values))
        {
            CompareValue(value, batch, row, column);
        }
    }

    private static void CompareValue(JsonElement expected, RecordBatch batch, int row, int column)
    {
        var field = batch.Field(row, column);
        var raw = Encoding.UTF8.GetString(batch.Raw(field));
        switch (expected.ValueKind)
        {
            case JsonValueKind.Null:
                Assert.Equal(FieldKind.Null, field.Kind);
                break;
            case JsonValueKind.String:
                Assert.Equal(expected.GetRawText()[1..^1], raw);
                Assert.Equal(raw.Contains('\\') ? FieldKind.JsonStringEscaped : FieldKind.JsonString, field.Kind);
                if (TextOf(expected) is { } text)
                {
                    Assert.Equal(text, Encoding.UTF8.GetString(batch.Utf8(row, column)));
                }

                break;
            default:
                Assert.Equal(FieldKind.JsonRaw, field.Kind);
                Assert.Equal(expected.GetRawText(), raw);
                break;
        }
    }

    /// <summary>The string, or null when it holds a lone surrogate, which the platform's reader takes but does not decode.</summary>
    private static string? TextOf(JsonElement element)
    {
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
