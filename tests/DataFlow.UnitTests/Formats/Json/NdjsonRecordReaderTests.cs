using System.Text;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Json;

public class NdjsonRecordReaderTests
{
    private const string Events = """
        {"id":"evt-1","type":"login","user":"alice","timestamp":"2024-01-01T10:00:00Z"}
        {"id":"evt-2","type":"page_view","user":"bob","page":"/home","timestamp":"2024-01-01T10:01:00Z"}
        {"id":"evt-3","type":"click","user":"alice","element":"button1","timestamp":"2024-01-01T10:02:00Z"}

        """;

    [Fact]
    [Trait("claim", "FILE-16")]
    public void Each_line_is_one_object()
    {
        var stream = NdjsonStream.Read("{\"a\":1}\n{\"a\":2}\n");

        Assert.Equal(["1", "2"], stream.Records.Select(record => record["a"]));
    }

    [Fact]
    [Trait("claim", "FILE-17")]
    [Trait("claim", "REC-05")]
    public void The_id_comes_from_the_field_id_and_leaves_the_data()
    {
        var record = NdjsonStream.Read(Events).Records[0];

        Assert.Equal("evt-1", record.Id);
        Assert.Equal(
            new Dictionary<string, string> { ["type"] = "login", ["user"] = "alice", ["timestamp"] = "2024-01-01T10:00:00Z" },
            record.Data);
    }

    [Fact]
    [Trait("claim", "FILE-18")]
    public void The_three_events_have_their_ids_and_their_own_keys()
    {
        var records = NdjsonStream.Read(Events).Records;

        Assert.Equal(["evt-1", "evt-2", "evt-3"], records.Select(record => record.Id));
        Assert.Equal(["page", "timestamp", "type", "user"], records[1].Data.Keys.Order());
        Assert.Equal(["element", "timestamp", "type", "user"], records[2].Data.Keys.Order());
        Assert.Equal("/home", records[1]["page"]);
        Assert.Null(records[0]["page"]);
    }

    [Fact]
    [Trait("claim", "REC-05")]
    public void The_id_is_hidden_from_people_only()
    {
        using var batch = new ReadBatch("{\"id\":\"x\",\"n\":1}\n");

        Assert.Equal("x"u8, batch.Value.Utf8(0, batch.Value.Schema.IndexOf("id")));
        Assert.Equal("{\"id\":\"x\",\"n\":1}"u8, batch.Value.RawRow(0));
        Assert.True(batch.Value.IsRowRaw(0));
    }

    [Theory]
    [Trait("claim", "REC-06")]
    [InlineData("[1]", "[1]", FieldKind.JsonRaw)]
    [InlineData("42", "42", FieldKind.JsonRaw)]
    [InlineData("-0.5e+10", "-0.5e+10", FieldKind.JsonRaw)]
    [InlineData("true", "true", FieldKind.JsonRaw)]
    [InlineData("\"x\"", "x", FieldKind.JsonString)]
    [InlineData("\"a\\nb\"", "a\nb", FieldKind.JsonStringEscaped)]
    [InlineData("null", "", FieldKind.Null)]
    [InlineData("[{\"a\":[]},{}]", "[{\"a\":[]},{}]", FieldKind.JsonRaw)]
    public void Valid_json_that_is_no_object_is_a_record_with_the_field_value(string line, string text, FieldKind kind)
    {
        using var batch = new ReadBatch($"  {line} \n");

        Assert.Equal(["value"], batch.Value.Schema.Names);
        Assert.Equal(kind, batch.Value.Field(0, 0).Kind);
        Assert.Equal(text, Encoding.UTF8.GetString(batch.Value.Utf8(0, 0)));
        Assert.Equal(line, Encoding.UTF8.GetString(batch.Value.RawRow(0)));
        Assert.True(batch.Value.IsRowRaw(0));
    }

    [Fact]
    [Trait("claim", "REC-06")]
    public void A_nested_value_is_its_exact_text()
    {
        var record = NdjsonStream.Read("{\"where\":{ \"lat\" : 1.50,\"lon\":-2e0 } ,\"tags\":[1, \"a\\u0041\"]}\n").Records[0];

        Assert.Equal("{ \"lat\" : 1.50,\"lon\":-2e0 }", record["where"]);
        Assert.Equal("[1, \"a\\u0041\"]", record["tags"]);
    }

    [Theory]
    [Trait("claim", "REC-08")]
    [InlineData("{\"id\":7}", "7")]
    [InlineData("{\"id\":12345678901234567890.10}", "12345678901234567890.10")]
    [InlineData("{\"id\":true}", "true")]
    [InlineData("{\"id\":\"caf\\u00e9\"}", "café")]
    public void An_id_becomes_its_text(string line, string id) => Assert.Equal(id, NdjsonStream.Read(line).Records[0].Id);

    [Theory]
    [Trait("claim", "REC-08")]
    [InlineData("{\"id\":null}")]
    [InlineData("{\"id\":\"\"}")]
    [InlineData("{\"id\":{}}")]
    [InlineData("{\"id\":[1]}")]
    [InlineData("{\"n\":1}")]
    [InlineData("7")]
    public void An_id_that_is_no_text_is_generated(string line)
    {
        var record = NdjsonStream.Read(line).Records[0];

        Assert.Equal(record.DeliveryId.ToString(), record.Id);
    }

    [Fact]
    public void Numbers_keep_their_exact_text()
    {
        const string Huge = "123456789012345678901234567890.10E+0400";
        var record = NdjsonStream.Read($"{{\"n\":{Huge},\"m\":-0,\"k\":1.0}}").Records[0];

        Assert.Equal(Huge, record["n"]);
        Assert.Equal("-0", record["m"]);
        Assert.Equal("1.0", record["k"]);
    }

    [Fact]
    public void Null_is_there_and_empty_and_a_missing_key_is_not_there()
    {
        var records = NdjsonStream.Read("{\"a\":null,\"b\":\"\"}\n{\"b\":1}\n").Records;

        Assert.True(records[0].IsNull("a"));
        Assert.Equal("", records[0]["a"]);
        Assert.Null(records[1]["a"]);
    }

    [Fact]
    public void Blank_lines_are_counted_and_left_out()
    {
        var stream = NdjsonStream.Read("\n{\"a\":1}\n \t\r\n\r\n{\"a\":2}\n\n");

        Assert.Equal(["2", "5"], stream.Output.Select(line => line.Split(':')[0]));
        Assert.Equal(6, stream.States[^1].Line);
    }

    [Fact]
    public void The_last_line_needs_no_line_break()
    {
        var stream = NdjsonStream.Read("{\"a\":1}\n{\"a\":2}");

        Assert.Equal("2", stream.Records[1]["a"]);
        Assert.Equal(2, stream.States[^1].Line);
    }

    [Theory]
    [InlineData("auto", "{\"a\":1}\r\n{\"a\":2}\n{\"a\":3}\r\n")]
    [InlineData("lf", "{\"a\":1}\r\n{\"a\":2}\n{\"a\":3}")]
    [InlineData("crlf", "{\"a\":\n1}\r\n{\"a\":2}\r\n{\"a\":3}\r\n")]
    [InlineData("cr", "{\"a\":1}\r{\"a\":\n2}\r{\"a\":3}")]
    [InlineData("||", "{\"a\":1}||{\"a\":2}||{\"a\"\n:3}||")]
    public void Records_end_at_the_record_separator(string separator, string text)
    {
        foreach (var size in (int[])[1, 5, 1000])
        {
            var stream = new NdjsonStream(NdjsonStream.Json with { RecordSeparator = separator }) { BufferSize = size };
            stream.Run(Encoding.UTF8.GetBytes(text));

            Assert.Equal(["1", "2", "3"], stream.Records.Select(record => record["a"]));
            Assert.Equal(3, stream.States[^1].Line);
        }
    }

    [Fact]
    public void Leading_lines_can_be_skipped()
    {
        var stream = NdjsonStream.Read("# made by a tool\n{broken\n{\"a\":1}\n", NdjsonStream.Json with { SkipRows = 2 });

        Assert.Equal("3: ", stream.Output.Single()[..3]);
        Assert.Empty(stream.Outcomes);
    }

    [Fact]
    public void Of_a_key_that_stands_twice_the_last_value_counts_and_the_bytes_stay()
    {
        using var batch = new ReadBatch("{\"a\":1,\"b\":2,\"a\":3,\"\\u0061\":4}\n{\"a\":5}\n");

        Assert.Equal(["a", "b"], batch.Value.Schema.Names);
        Assert.Equal("4"u8, batch.Value.Utf8(0, 0));
        Assert.Equal("{\"a\":1,\"b\":2,\"a\":3,\"\\u0061\":4}"u8, batch.Value.RawRow(0));
        Assert.True(batch.Value.IsRowRaw(0));
        Assert.Equal(1, batch.Value.Outcomes["duplicate-key"]);
    }

    [Fact]
    public void Escaped_keys_are_compared_by_their_text()
    {
        var records = NdjsonStream.Read("{\"\\u0061\":1}\n{\"a\":2}\n{\"x\\ty\":3}\n").Records;

        Assert.Equal("1", records[0]["a"]);
        Assert.Equal("2", records[1]["a"]);
        Assert.Equal("3", records[2]["x\ty"]);
    }

    [Fact]
    public void A_lone_surrogate_reads_as_a_replacement_and_is_written_as_it_came()
    {
        using var batch = new ReadBatch("{\"a\":\"x\\ud800y\"}\n");

        Assert.Equal("x\uFFFDy", Encoding.UTF8.GetString(batch.Value.Utf8(0, 0)));
        Assert.Equal("{\"a\":\"x\\ud800y\"}"u8, batch.Value.RawRow(0));
    }

    [Fact]
    public void A_row_whose_keys_come_in_another_order_keeps_it()
    {
        using var batch = new ReadBatch("{\"a\":1,\"b\":2,\"c\":3}\n{\"c\":1,\"a\":2}\n{\"a\":1,\"c\":2}\n{\"a\":1,\"x\":2,\"b\":3}\n");

        Assert.Null(batch.Value.RowOrderOf(0));
        Assert.Equal([2, 0], batch.Value.RowOrderOf(1)!);
        Assert.Null(batch.Value.RowOrderOf(2));
        Assert.Equal(["a", "b", "c", "x"], batch.Value.Schema.Names);
        Assert.Equal([0, 3, 1], batch.Value.RowOrderOf(3)!);
        Assert.Equal(FieldKind.Absent, batch.Value.Field(0, 3).Kind);
    }

    [Fact]
    public void Batches_with_the_same_keys_share_one_schema()
    {
        var stream = new NdjsonRecordReader(NdjsonStream.Json);
        using var first = new ReadBatch("{\"a\":1,\"b\":2}\n", stream);
        using var second = new ReadBatch("{\"b\":1}\n", stream);
        using var third = new ReadBatch("{\"c\":1}\n", stream);

        Assert.Same(first.Value.Schema, second.Value.Schema);
        Assert.Equal(["c"], third.Value.Schema.Names);
    }

    [Fact]
    public void Sparse_rows_cut_the_batch()
    {
        var lines = new StringBuilder();
        for (var line = 0; line < 1500; line++)
        {
            lines.Append($"{{\"k{line}\":{line}}}\n");
        }

        var stream = new NdjsonStream(NdjsonStream.Json) { MaxRecords = 10_000 };
        stream.Run(Encoding.UTF8.GetBytes(lines.ToString()));

        Assert.Equal([512, 512, 476], stream.RowCounts);
        Assert.Equal("1499", stream.Records[1499]["k1499"]);
    }

    [Fact]
    public void Framed_batches_shrink_when_rows_turn_out_to_be_sparse()
    {
        var lines = string.Concat(Enumerable.Range(0, 3000).Select(line => $"{{\"k{line:D4}\":{line + 1000}}}\n"));
        var stream = new NdjsonStream(NdjsonStream.Json) { MaxRecords = 10_000, BufferSize = lines.Length / 3, Frames = true };
        stream.Run(Encoding.UTF8.GetBytes(lines));

        Assert.Equal([1000, 262], stream.RowCounts[..2]);
        Assert.Equal(3000, stream.Records.Count);
        Assert.Equal("3999", stream.Records[^1]["k2999"]);
    }

    [Fact]
    public void Wide_rows_cut_the_batch()
    {
        var line = "{" + string.Join(",", Enumerable.Range(0, 1000).Select(column => $"\"c{column}\":{column}")) + "}\n";
        var stream = new NdjsonStream(NdjsonStream.Json) { MaxRecords = 10_000, BufferSize = 1 << 23 };
        stream.Run(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(line, 300))));

        Assert.Equal([262, 38], stream.RowCounts);
    }

    [Fact]
    public void A_row_with_too_many_fields_is_a_dead_letter()
    {
        var options = NdjsonStream.Json with { MaxFields = 3 };
        var stream = NdjsonStream.Read("{\"a\":1,\"b\":2,\"c\":3,\"b\":4}\n{\"a\":1,\"b\":2,\"c\":3,\"d\":4}\n{\"a\":5}\n", options);

        Assert.Equal(2, stream.Records.Count);
        var error = Assert.Single(stream.Errors);
        Assert.Equal("too-many-fields", error.Reason);
        Assert.Equal("Line 2: the object has more than 3 fields. Raise max-fields if that is right.", error.Message);
    }

    [Fact]
    public void Nesting_is_allowed_64_deep()
    {
        var options = NdjsonStream.Json with { OnInvalidJson = InvalidJsonPolicy.DeadLetter };
        var fine = "{\"a\":" + new string('[', 63) + new string(']', 63) + "}\n";
        var deep = "{\"a\":" + new string('[', 64) + new string(']', 64) + "}\n";
        var stream = NdjsonStream.Read(fine + deep + new string('[', 64) + new string(']', 64), options);

        Assert.Equal(2, stream.Records.Count);
        Assert.Equal("too-deep", stream.Errors.Single().Reason);
        Assert.StartsWith("Line 2, byte 69: objects and arrays are nested more than 64 deep. ", stream.Errors[0].Message);
    }

    [Fact]
    public void Reading_goes_on_where_a_restored_reader_stood()
    {
        var reader = new NdjsonRecordReader(NdjsonStream.Json);
        reader.Restore(new ReaderState(41));
        using var batch = new ReadBatch("\n{\"a\":1}\n", reader);

        Assert.Equal(43, batch.Value.LineOf(0));
        Assert.Equal(new ReaderState(43), reader.State);
    }

    [Fact]
    public void No_more_records_are_taken_than_asked_for()
    {
        var stream = new NdjsonStream(NdjsonStream.Json) { MaxRecords = 2 };
        stream.Run("{\"a\":1}\n\nx\n{\"a\":2}\n{\"a\":3}\n"u8.ToArray());

        Assert.Equal([2, 2], stream.RowCounts);
    }

    /// <summary>One batch that was read from a text.</summary>
    private sealed class ReadBatch : IDisposable
    {
        public ReadBatch(string text, NdjsonRecordReader? reader = null)
        {
            Value.Append(Encoding.UTF8.GetBytes(text));
            (reader ?? new NdjsonRecordReader(NdjsonStream.Json)).Read(Value, isFinal: true, int.MaxValue);
        }

        public RecordBatch Value { get; } = BatchPool.Shared.Rent(64);

        public void Dispose() => Value.Release();
    }
}
