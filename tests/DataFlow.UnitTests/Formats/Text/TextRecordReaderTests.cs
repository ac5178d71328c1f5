using System.Text;
using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Text;

public class TextRecordReaderTests
{
    private static readonly FormatOptions Options = new() { Format = RecordFormat.Text };

    [Fact]
    [Trait("claim", "FILE-20")]
    public void Each_line_is_a_record_with_the_line_and_its_number_and_a_generated_id()
    {
        using var lent = new LentBatch("INFO started\r\nWARN slow\nERROR \"x\", y");

        new TextRecordReader(Options).Read(lent.Batch, isFinal: true, 1000);

        Assert.Equal(3, lent.Batch.Count);
        var first = DataRecord.From(lent.Batch, 0);
        Assert.Equal(new Dictionary<string, string> { ["line"] = "INFO started", ["line_number"] = "1" }, first.Data);
        Assert.Equal(lent.Batch.DeliveryIdOf(0).ToString(), first.Id);
        Assert.Equal("ERROR \"x\", y", DataRecord.From(lent.Batch, 2)["line"]);
        Assert.Equal("3", DataRecord.From(lent.Batch, 2)["line_number"]);
        Assert.Equal(FieldType.Int64, lent.Batch.Schema.TypeOf(1));
        Assert.Equal(3, lent.Batch.LineOf(2));
        Assert.Equal(-1, lent.Batch.IdColumn);
    }

    [Theory]
    [InlineData("auto", "a\nb\r\nc\r", new[] { "a", "b", "c\r" })]
    [InlineData("lf", "a\nb\r\nc", new[] { "a", "b\r", "c" })]
    [InlineData("crlf", "a\nb\r\nc\r\n", new[] { "a\nb", "c" })]
    [InlineData("cr", "a\rb\r\nc", new[] { "a", "b", "\nc" })]
    [InlineData("CR", "a\rb", new[] { "a", "b" })]
    [InlineData("||", "a|b||c||", new[] { "a|b", "c" })]
    [InlineData("\\0", "a\0b", new[] { "a", "b" })]
    [InlineData("\u2028", "a\u2028b", new[] { "a", "b" })]
    public void The_record_separator_decides_where_lines_end(string separator, string text, string[] lines)
    {
        foreach (var chunk in new[] { 1, 2, 3, 100 })
        {
            var run = ReaderRun.Of(new TextRecordReader(Options with { RecordSeparator = separator }), text, chunk);

            Assert.Equal(lines.Select((line, index) => $"line={line}|line_number={index + 1}"), run.Records);
        }
    }

    [Fact]
    public void An_empty_record_separator_is_refused()
    {
        var error = Assert.Throws<OptionException>(() => new TextRecordReader(Options with { RecordSeparator = "" }));

        Assert.Equal("record-separator", error.Key);
    }

    [Fact]
    public void Blank_lines_are_records_and_an_empty_stream_has_none()
    {
        Assert.Equal(["line=|line_number=1", "line=x|line_number=2", "line=|line_number=3"], Read("\nx\n\n").Records);
        Assert.Empty(Read("").Everything);
        Assert.Equal(0, Read("").State.Line);
    }

    [Fact]
    public void Skipped_rows_are_counted_as_lines()
    {
        var run = Read("one\ntwo\nthree\nfour", Options with { SkipRows = 2 });

        Assert.Equal(["line=three|line_number=3", "line=four|line_number=4"], run.Records);
        Assert.Equal(4, run.State.Line);
        Assert.Empty(Read("one", Options with { SkipRows = 2 }).Everything);
    }

    [Fact]
    [Trait("claim", "FILE-27")]
    public void A_longer_line_costs_that_line_only()
    {
        var text = "before\n" + new string('x', 20_000) + "\nafter\n";

        var run = Read(text, Options with { MaxLineBytes = ByteSize.KiB(8) });

        Assert.Equal(["line=before|line_number=1", "line=after|line_number=3"], run.Records);
        var error = Assert.Single(run.Errors);
        Assert.Equal("line-too-long", error.Reason);
        Assert.Equal(2, error.Offset);
        Assert.Equal(20_000, error.Raw.Length);
        Assert.StartsWith("Line 2 is longer than max-line-bytes allows (8KiB).", error.Message);
    }

    [Fact]
    [Trait("claim", "FILE-27")]
    public void Lines_up_to_16_MiB_are_whole_by_default()
    {
        Assert.Equal(16 << 20, Options.MaxLineBytes.Bytes);
        var text = new string('x', 16 << 20) + "\n" + new string('y', (16 << 20) + 1) + "\nz";

        var run = Read(text, chunk: 4 << 20);

        Assert.Equal(16 << 20, run.Records[0].IndexOf("|line_number=1") - "line=".Length);
        Assert.Equal("line=z|line_number=3", run.Records[1]);
        Assert.Equal(RecordError.MaxRawBytes, Assert.Single(run.Errors).Raw.Length);
    }

    [Fact]
    public void A_longer_line_can_be_truncated_between_characters()
    {
        var options = Options with { MaxLineBytes = new ByteSize(16), OnLongLine = LongLinePolicy.Truncate };

        var run = Read("0123456789abcde\u00E9xyz\nok", options);

        Assert.Equal(["line=0123456789abcde|line_number=1", "line=ok|line_number=2"], run.Records);
        Assert.Equal(1, run.Outcomes["line-truncated"]);
    }

    [Fact]
    public void A_longer_line_can_end_the_run_after_the_records_before_it()
    {
        var options = Options with { MaxLineBytes = new ByteSize(16), OnLongLine = LongLinePolicy.Fail };
        using var lent = new LentBatch("ok\n" + new string('x', 17) + "\n");
        var reader = new TextRecordReader(options);

        Assert.Equal(3, reader.Read(lent.Batch, isFinal: true, 1000));
        Assert.Equal(1, lent.Batch.RowCount);
        var error = Assert.Throws<ConnectorException>(() => Read("ok\n" + new string('x', 17) + "\n", options));
        Assert.StartsWith("Line 2 is longer than max-line-bytes allows (16).", error.Message);
        Assert.Equal(FaultOwner.User, error.Owner);
    }

    [Fact]
    public void The_middle_of_an_overlong_line_is_no_restart_point_and_holds_no_memory()
    {
        var reader = new TextRecordReader(Options with { MaxLineBytes = new ByteSize(16) });
        using (var lent = new LentBatch(new string('x', 2 << 20)))
        {
            Assert.Equal(2 << 20, reader.Read(lent.Batch, isFinal: false, 1000));
            Assert.Single(lent.Batch.Errors);
        }

        Assert.Equal(new ReaderState(0, IsRestartPoint: false), reader.State);
        using var rest = new LentBatch("xxx\nnext\n");
        Assert.Equal(-1, reader.Frame(rest.Batch, isFinal: false, 1000));
        Assert.Equal(9, reader.Read(rest.Batch, isFinal: false, 1000));
        Assert.Equal(1, rest.Batch.RowCount);
        Assert.Equal(new ReaderState(2), reader.State);
    }

    [Fact]
    [Trait("claim", "FILE-25")]
    public void Invalid_bytes_are_replaced_and_counted()
    {
        var run = Read([.. "caf"u8, 0xE9, .. " au lait\nplain\n"u8, 0xF0, 0x9F, 0x98, (byte)'!', 0xFF, 0xFF]);

        Assert.Equal(
            ["line=caf\uFFFD au lait|line_number=1", "line=plain|line_number=2", "line=\uFFFD!\uFFFD\uFFFD|line_number=3"], run.Records);
        Assert.Equal(2, run.Outcomes["invalid-bytes-replaced"]);
    }

    [Fact]
    [Trait("claim", "FILE-25")]
    public void Records_with_invalid_bytes_can_be_dead_letters()
    {
        var run = Read([.. "a\nb"u8, 0xC3, .. "\nc"u8], Options with { OnInvalidBytes = InvalidBytesPolicy.DeadLetter });

        Assert.Equal(["line=a|line_number=1", "line=c|line_number=3"], run.Records);
        var error = Assert.Single(run.Errors);
        Assert.Equal("invalid-bytes", error.Reason);
        Assert.Equal(new RecordIdentity("test", "split").At(2), error.DeliveryId);
        Assert.Equal("split", error.Split);
        Assert.Equal(2, error.Offset);
        Assert.Equal([(byte)'b', 0xC3], error.Raw);
        Assert.StartsWith("Line 2 holds bytes that are invalid in UTF-8, the first at byte 2 of the line.", error.Message);
    }

    [Fact]
    [Trait("claim", "FILE-25")]
    public void Invalid_bytes_can_end_the_run()
    {
        var error = Assert.Throws<ConnectorException>(
            () => Read([.. "a\nb"u8, 0xC3, .. "\nc"u8], Options with { OnInvalidBytes = InvalidBytesPolicy.Fail }));

        Assert.StartsWith("Line 2 holds bytes that are invalid in UTF-8", error.Message);
    }

    [Fact]
    public void A_character_that_is_split_between_buffers_is_whole()
    {
        foreach (var chunk in Enumerable.Range(1, 12))
        {
            var run = ReaderRun.Of(new TextRecordReader(Options), "\u20AC\U0001F600\n\u00E9", chunk);

            Assert.Equal(["line=\u20AC\U0001F600|line_number=1", "line=\u00E9|line_number=2"], run.Records);
            Assert.Empty(run.Outcomes);
        }
    }

    private static ReaderRun Read(string text, FormatOptions? options = null, int chunk = 1 << 20) =>
        Read(Encoding.UTF8.GetBytes(text), options, chunk);

    private static ReaderRun Read(byte[] bytes, FormatOptions? options = null, int chunk = 1 << 20) =>
        ReaderRun.Of(new TextRecordReader(options ?? Options), bytes, chunk);
}
