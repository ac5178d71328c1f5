using System.Text;
using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Csv;

public class CsvLimitTests
{
    private static readonly FormatOptions Short = new() { MaxLineBytes = new ByteSize(16) };

    [Fact]
    public void A_line_may_have_as_many_bytes_as_allowed() =>
        Assert.Equal(["a=1234567|b=12345678"], Csv.Outcome("a,b\n1234567,12345678\r\n", Short));

    [Fact]
    public void A_longer_line_is_a_dead_letter_and_costs_itself_only()
    {
        var run = Csv.Read("a,b\n12345678,12345678\n1,2\n", Short);

        Assert.Equal(["a=1|b=2"], run.Records);
        Assert.Equal("line-too-long", run.Errors.Single().Reason);
        Assert.Equal("12345678,12345678", Encoding.UTF8.GetString(run.Errors.Single().Raw));
        Assert.StartsWith("Line 2 is longer than max-line-bytes (16).", run.Errors.Single().Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,234567890123456789", "a=1|b=23456789012345")]
    [InlineData("1,\"345678901234,6789", "a=1|b=345678901234,")]
    [InlineData("1234567890123456789,x", "a=1234567890123456")]
    [InlineData("1,3456789012345\u00E9\u00E9,x", "a=1|b=3456789012345")]
    public void Truncate_keeps_the_fields_that_are_left(string line, string record)
    {
        var run = Csv.Read($"a,b\n{line}\n1,2\n", Short with { OnLongLine = LongLinePolicy.Truncate });

        Assert.Equal([record, "a=1|b=2"], run.Records);
        Assert.Equal(1, run.Outcomes["line-truncated"]);
    }

    [Fact]
    public void Fail_ends_the_run() =>
        Assert.StartsWith(
            "Line 2 is longer",
            Csv.Failure("a,b\n12345678901,12345678\n", Short with { OnLongLine = LongLinePolicy.Fail }),
            StringComparison.Ordinal);

    [Theory]
    [InlineData(LongLinePolicy.DeadLetter)]
    [InlineData(LongLinePolicy.Truncate)]
    public void An_overlong_line_has_one_outcome_for_any_buffer_size(LongLinePolicy policy)
    {
        var options = new FormatOptions { MaxLineBytes = ByteSize.KiB(64), OnLongLine = policy };
        var text = "a,b\n1,2\n" + string.Concat(Enumerable.Repeat("0123456789\u00E9", 300_000)) + ",x\r\n3,4\n";
        var whole = ReaderRun.Of(new CsvRecordReader(options), text, chunk: 8 << 20);

        foreach (var chunk in new[] { 100_000, 500_000, 1_500_000, 3_000_000 })
        {
            Assert.Equal(whole.Everything, ReaderRun.Of(new CsvRecordReader(options), text, chunk).Everything);
            Assert.Equal(whole.Everything, ReaderRun.Of(new CsvRecordReader(options), text, chunk, frame: true).Everything);
        }

        Assert.Equal(3, whole.Everything.Count);
    }

    [Theory]
    [InlineData(70, 74)]
    [InlineData(71, -1)]
    public void Frame_is_sure_of_a_last_line_up_to_the_limit(int length, int consumed)
    {
        var reader = new CsvRecordReader(new FormatOptions { MaxLineBytes = new ByteSize(70) });
        reader.Restore(new ReaderState(1, ["a", "b"]));
        using var lent = new LentBatch("1,2\n" + ("3," + new string('x', 100))[..length]);

        Assert.Equal(consumed, reader.Frame(lent.Batch, isFinal: true, 100));
    }

    [Fact]
    public void The_middle_of_an_overlong_line_is_no_restart_point()
    {
        var reader = new CsvRecordReader(Csv.NoHeader with { MaxLineBytes = ByteSize.KiB(1) });
        using var start = new LentBatch(new string('x', 2 << 20));
        using var end = new LentBatch("xxx\n1,2\n");

        Assert.Equal(2 << 20, reader.Read(start.Batch, isFinal: false, 100));
        Assert.False(reader.State.IsRestartPoint);
        Assert.Equal(-1, reader.Frame(end.Batch, isFinal: true, 100));
        reader.Read(end.Batch, isFinal: true, 100);

        Assert.True(reader.State.IsRestartPoint);
        Assert.Equal(2, reader.State.Line);
        Assert.Equal(1, start.Batch.Errors.Count + end.Batch.Errors.Count);
        Assert.Equal(2, end.Batch.LineOf(0));
    }

    [Fact]
    public void A_quoted_field_may_span_as_many_lines_as_allowed()
    {
        var options = new FormatOptions { MaxQuotedLines = 3 };

        Assert.Equal(["a=1|b=x\ny\nz"], Csv.Outcome("a,b\n1,\"x\ny\nz\"\n", options));
        Assert.Equal(
            ["a=3|b=4", "unclosed-quote at 2", "too-few-fields at 3", "too-few-fields at 4", "stray-quote at 5"],
            Csv.Outcome("a,b\n1,\"x\ny\nz\nu\"\n3,4\n", options));
    }

    [Fact]
    public void A_quoted_field_of_more_than_a_mebibyte_was_never_closed()
    {
        var text = new string('x', 1 << 20);

        Assert.Empty(Csv.Read($"a,b\n1,\"{text}\"\n").Errors);
        Assert.Equal("unclosed-quote", Csv.Read($"a,b\n1,\"{text}x\"\n").Errors.Single().Reason);
    }

    [Fact]
    public void An_open_quote_waits_for_more_bytes()
    {
        var reader = new CsvRecordReader(new FormatOptions());
        using var first = new LentBatch("a,b\n1,\"x\ny,z\n");
        using var second = new LentBatch("1,\"x\ny,z\nend\"\n");

        Assert.Equal(4, reader.Read(first.Batch, isFinal: false, 100));
        Assert.Equal(14, reader.Read(second.Batch, isFinal: false, 100));

        Assert.Empty(second.Batch.Errors);
        Assert.Equal("x\ny,z\nend", Encoding.UTF8.GetString(second.Batch.Utf8(0, 1)));
    }

    [Fact]
    public void A_row_with_more_fields_than_allowed_is_a_dead_letter_even_when_rows_are_kept()
    {
        var options = new FormatOptions { MaxFields = 3, OnMalformed = MalformedPolicy.Keep };

        Assert.Equal(["a=1|b=2|extra1=3", "too-many-fields at 3"], Csv.Outcome("a,b\n1,2,3\n1,2,3,4\n", options));
    }

    [Fact]
    public void A_batch_is_cut_before_its_table_gets_too_large()
    {
        var header = string.Join(',', Enumerable.Range(0, 2000).Select(n => $"c{n}"));
        using var lent = new LentBatch(header + "\n" + string.Concat(Enumerable.Repeat(new string(',', 1999) + "\n", 300)));

        new CsvRecordReader(new FormatOptions()).Read(lent.Batch, isFinal: true, 1000);

        Assert.Equal(RecordBatch.MaxCells / 2000, lent.Batch.RowCount);
    }

    [Theory]
    [InlineData("plain \u00FF,x", "a=plain \uFFFD|b=x")]
    [InlineData("\"quoted \u00FF\",x", "a=quoted \uFFFD|b=x")]
    [InlineData("\"dou\"\"bled \u00FF\",\u00C3", "a=dou\"bled \uFFFD|b=\uFFFD")]
    public void Invalid_bytes_are_replaced_and_counted(string row, string record)
    {
        var run = ReaderRun.Of(new CsvRecordReader(new FormatOptions()), Encoding.Latin1.GetBytes($"a,b\n1,2\n{row}\n3,4\n"));

        Assert.Equal(["a=1|b=2", record, "a=3|b=4"], run.Records);
        Assert.Equal(1, run.Outcomes["invalid-bytes-replaced"]);
    }

    [Fact]
    public void Invalid_bytes_can_make_a_dead_letter_or_end_the_run()
    {
        var bytes = Encoding.Latin1.GetBytes("a,b\n1,2\nx\u00FF,y\n3,4\n");
        var options = new FormatOptions { OnInvalidBytes = InvalidBytesPolicy.DeadLetter };
        var run = ReaderRun.Of(new CsvRecordReader(options), bytes);

        Assert.Equal(["a=1|b=2", "a=3|b=4"], run.Records);
        Assert.Equal("invalid-bytes", run.Errors.Single().Reason);
        Assert.StartsWith(
            "Line 3 holds bytes that are invalid in UTF-8, the first at byte 2", run.Errors.Single().Message, StringComparison.Ordinal);
        options = options with { OnInvalidBytes = InvalidBytesPolicy.Fail };
        Assert.Throws<ConnectorException>(() => ReaderRun.Of(new CsvRecordReader(options), bytes));
    }
}
