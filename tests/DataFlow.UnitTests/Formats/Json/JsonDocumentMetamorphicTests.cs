using System.Text;
using System.Text.Json;
using CsCheck;
using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Json;

/// <summary>The same bytes give the same records, however they are cut; and valid ones give what System.Text.Json reads.</summary>
public class JsonDocumentMetamorphicTests
{
    private static readonly Gen<string> Space = Gen.OneOf("", "", "", " ", "\n", "\r\n\t", "   \n  ");

    private static readonly Gen<string> Value =
        from value in Gen.OneOf(
            "1", "-12.50e3", "true", "null", "\"\"", "\"a,]}\"", "\"\\\"\\u00e9\\\\\"", "\"\u00E9\U0001F600\"", "{}", "[]", "[1, [2]]",
            "{\"a\":1}", "{\"a\": 1,\n\"b\": \"x\"}", "{\"b\":{\"c\":[\"]\"]},\"a\":null}", "{\"c\":\n{\n\"d\": 1}}", "{\"a\":1,\"a\":2}",
            "{\"id\":\"01234567890123456789\"}")
        from before in Space
        from after in Space
        select before + value + after;

    private static readonly Gen<string> Documents = Value.List[0, 8].Select(values => string.Join("\n", values));

    private static readonly Gen<string> Arrays = Value.List[0, 8].Select(values => $" [{string.Join(",", values)}]\n");

    private static readonly Gen<FormatOptions> Policies =
        from json in Gen.OneOf(InvalidJsonPolicy.String, InvalidJsonPolicy.DeadLetter)
        from invalid in Gen.OneOf(InvalidBytesPolicy.Replace, InvalidBytesPolicy.DeadLetter)
        from overlong in Gen.OneOf(LongLinePolicy.Truncate, LongLinePolicy.DeadLetter)
        from most in Gen.OneOf(16, 24, 1000)
        select new FormatOptions
        {
            OnInvalidJson = json,
            OnInvalidBytes = invalid,
            OnLongLine = overlong,
            MaxLineBytes = new ByteSize(most),
        };

    /// <summary>Valid streams, streams with one byte changed, and streams that end too early.</summary>
    private static readonly Gen<byte[]> Bytes =
        from text in Gen.OneOf(Arrays, Documents)
        from damage in Gen.Int[0, 3]
        from place in Gen.Int[0, 1000]
        from value in Gen.OneOf<byte>((byte)'"', (byte)'{', (byte)']', (byte)',', (byte)'x', (byte)'\n', 0xFF)
        select Damage(Encoding.UTF8.GetBytes(text), damage, place, value);

    [Fact]
    public void Buffer_size_and_records_per_batch_change_nothing() =>
        Gen.Select(Bytes, Policies, Gen.Bool, Gen.Int[1, 40], Gen.Int[1, 9]).Sample(
            (bytes, options, isArray, chunk, maxRecords) =>
            {
                var whole = ReaderRun.Of(Create(options, isArray), bytes);
                var cut = ReaderRun.Of(Create(options, isArray), bytes, chunk, maxRecords, frame: true);

                Assert.Equal(whole.Everything, cut.Everything);
                Assert.Equal(whole.Records, cut.Records);
                Assert.Equal(whole.Outcomes, cut.Outcomes);
                Assert.Equal(whole.State, cut.State);
            },
            iter: 1000);

    [Fact]
    public void A_restart_at_any_restart_point_goes_on_with_the_next_record() =>
        Gen.Select(Bytes, Policies, Gen.Bool, Gen.Int[1, 40], Gen.Int[1, 9]).Sample(
            (bytes, options, isArray, chunk, maxRecords) =>
            {
                var first = ReaderRun.Of(Create(options, isArray), bytes, chunk, maxRecords);
                foreach (var (offset, state, seen) in first.RestartPoints)
                {
                    var reader = Create(options, isArray);
                    reader.Restore(state);
                    var second = ReaderRun.Of(reader, bytes, offset: offset);

                    Assert.Equal(first.Everything.Count, seen + second.Everything.Count);
                    Assert.Subset(first.Everything.ToHashSet(), second.Everything.ToHashSet());
                }
            },
            iter: 300);

    [Fact]
    public void Valid_elements_are_what_System_Text_Json_reads() =>
        Gen.Select(Arrays, Gen.Int[1, 60]).Sample(
            (text, chunk) =>
            {
                using var expected = JsonDocument.Parse(text);

                var run = ReaderRun.Of(new JsonArrayRecordReader(new FormatOptions()), text, chunk);

                Assert.Equal(expected.RootElement.EnumerateArray().Select(Show), run.Records);
                Assert.Empty(run.Errors);
            },
            iter: 1000);

    private static IRecordReader Create(FormatOptions options, bool isArray) =>
        RecordReaders.Create(options with { Format = isArray ? RecordFormat.JsonArray : RecordFormat.JsonDocument });

    private static byte[] Damage(byte[] bytes, int damage, int place, byte value)
    {
        var at = place % (bytes.Length + 1);
        return damage switch
        {
            0 => bytes[..at],
            1 => [.. bytes[..at], value, .. bytes[at..]],
            2 => [.. bytes[..at], value, .. bytes[Math.Min(at + 1, bytes.Length)..]],
            _ => bytes,
        };
    }

    private static string Show(JsonElement element) => element.ValueKind == JsonValueKind.Object
        ? string.Join(
            "|",
            element.EnumerateObject().Reverse().DistinctBy(pair => pair.Name).Reverse().Select(pair => $"{pair.Name}={Text(pair.Value)}"))
        : $"value={Text(element)}";

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "<null>",
        JsonValueKind.String => $"\"{value.GetString()}\"",
        _ when value.GetRawText().AsSpan().IndexOfAny('\n', '\r') >= 0 =>
            value.GetRawText().Replace("\n", "").Replace("\r", "").Replace("\t", "").Replace(" ", ""),
        _ => value.GetRawText(),
    };
}
