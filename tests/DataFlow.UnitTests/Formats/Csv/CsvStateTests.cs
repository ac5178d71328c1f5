using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Csv;

public class CsvStateTests
{
    [Fact]
    public void A_reader_that_was_restored_knows_header_and_line()
    {
        var reader = new CsvRecordReader(new FormatOptions());
        reader.Restore(new ReaderState(41, ["a", "b"]));
        var run = ReaderRun.Of(reader, "1,2\n3\n");

        Assert.Equal(["a=1|b=2"], run.Records);
        Assert.Equal(43, run.Errors.Single().Offset);
        Assert.Equal(43, run.State.Line);
    }

    [Fact]
    public void Without_header_the_columns_are_remembered_too()
    {
        var reader = new CsvRecordReader(Csv.NoHeader);
        var state = ReaderRun.Of(reader, "1,2\n").State;
        reader.Restore(state);
        var run = ReaderRun.Of(reader, "3\n4,5\n");

        Assert.Equal(["field0", "field1"], state.Header);
        Assert.Equal(["field0=4|field1=5"], run.Records);
        Assert.Equal("too-few-fields", run.Errors.Single().Reason);
    }

    [Fact]
    public void A_header_that_is_not_complete_yet_is_waited_for()
    {
        var reader = new CsvRecordReader(new FormatOptions { HeaderRows = 2 });
        using var start = new LentBatch("a,b\nx");

        Assert.Equal(0, reader.Read(start.Batch, isFinal: false, 100));
        Assert.Null(reader.State.Header);
        Assert.Equal(0, reader.State.Line);
    }

    [Fact]
    public void A_carriage_return_at_the_buffers_end_waits_for_its_line_feed()
    {
        var reader = new CsvRecordReader(Csv.NoHeader);
        using var start = new LentBatch("1,\"2\"\r");
        using var whole = new LentBatch("1,\"2\"\r\n");

        Assert.Equal(0, reader.Read(start.Batch, isFinal: false, 100));
        Assert.Equal(7, reader.Read(whole.Batch, isFinal: false, 100));
        Assert.Empty(whole.Batch.Errors);
    }

    [Fact]
    public void Frame_defers_ordinary_rows_and_knows_the_next_line()
    {
        var reader = new CsvRecordReader(new FormatOptions());
        reader.Restore(new ReaderState(1, ["a", "b"]));
        using var lent = new LentBatch("1,2\n3,\"x\ny\"\n4\n5,6\n7,8\n");

        Assert.Equal(18, reader.Frame(lent.Batch, isFinal: false, 4));
        Assert.True(lent.Batch.IsDeferred);
        Assert.Equal(6, reader.State.Line);
        lent.Batch.Resolve();

        Assert.Equal([2L, 3L, 6L], Enumerable.Range(0, 3).Select(lent.Batch.LineOf));
        Assert.Equal(5, lent.Batch.Errors.Single().Offset);
        Assert.Equal(0, lent.Batch.IdColumn);
    }

    [Fact]
    public void Framed_batches_may_be_parsed_at_the_same_time()
    {
        var reader = new CsvRecordReader(new FormatOptions { OnMalformed = MalformedPolicy.Keep });
        reader.Restore(new ReaderState(1, ["a", "b"]));
        var text = string.Concat(Enumerable.Repeat("1,2\n3,4,5\n\"x\ny\"\n", 200));
        var lent = Enumerable.Range(0, 8).Select(_ => new LentBatch(text)).ToList();
        Assert.All(lent, buffer => Assert.True(reader.Frame(buffer.Batch, isFinal: false, 10_000) > 0));

        Parallel.ForEach(lent, buffer => buffer.Batch.Resolve());

        Assert.All(
            lent,
            buffer => Assert.Equal((600, 3, 400), (buffer.Batch.RowCount, buffer.Batch.Schema.Count, buffer.Batch.Outcomes["repaired"])));
        Assert.Equal([2L, 802L, 1602L], lent.Take(3).Select(buffer => buffer.Batch.LineOf(0)));
        lent.ForEach(buffer => buffer.Dispose());
    }

    [Theory]
    [InlineData("1,2\n\n3,4\n")]
    [InlineData("1,2\r\n\r\n3,4\r\n")]
    [InlineData("1,\"2\"x\n3,4\n")]
    [InlineData("1,2\"\n3,4\n")]
    [InlineData("1,\"2\n3,4\n")]
    [InlineData("")]
    public void Frame_leaves_alone_what_it_is_not_sure_of(string text)
    {
        var reader = new CsvRecordReader(new FormatOptions());
        reader.Restore(new ReaderState(1, ["a", "b"]));
        using var lent = new LentBatch(text);
        var length = lent.Batch.Length;

        Assert.Equal(-1, reader.Frame(lent.Batch, isFinal: true, 100));
        Assert.Equal(length, lent.Batch.Length);
        Assert.Equal(1, reader.State.Line);
    }

    [Fact]
    public void Frame_needs_a_header_and_a_common_dialect()
    {
        using var lent = new LentBatch("1;;2\n");
        var odd = new CsvRecordReader(new FormatOptions { Delimiter = ";;" });
        odd.Restore(new ReaderState(1, ["a", "b"]));

        Assert.Equal(-1, odd.Frame(lent.Batch, isFinal: true, 100));
        Assert.Equal(-1, new CsvRecordReader(new FormatOptions()).Frame(lent.Batch, isFinal: true, 100));
    }
}
