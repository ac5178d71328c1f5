using CsCheck;
using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Text;

/// <summary>The same bytes give the same records, however they are cut and on whichever path they are read.</summary>
public class TextMetamorphicTests
{
    private static readonly Gen<byte[]> Bytes =
        Gen.OneOf<byte>((byte)'\n', (byte)'\r', (byte)'a', (byte)'|', 0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80, 0xFF).Array[0, 120];

    private static readonly Gen<FormatOptions> Options =
        from separator in Gen.OneOf("auto", "lf", "crlf", "cr", "||", "aa")
        from invalid in Gen.OneOf(InvalidBytesPolicy.Replace, InvalidBytesPolicy.DeadLetter)
        from overlong in Gen.OneOf(LongLinePolicy.Truncate, LongLinePolicy.DeadLetter)
        from most in Gen.OneOf(16, 24, 1000)
        from skip in Gen.Int[0, 2]
        select new FormatOptions
        {
            Format = RecordFormat.Text,
            RecordSeparator = separator,
            OnInvalidBytes = invalid,
            OnLongLine = overlong,
            MaxLineBytes = new ByteSize(most),
            SkipRows = skip,
        };

    [Fact]
    public void Buffer_size_records_per_batch_and_path_change_nothing() =>
        Gen.Select(Bytes, Options, Gen.Int[1, 40], Gen.Int[1, 9], Gen.Bool).Sample(
            (bytes, options, chunk, maxRecords, frame) =>
            {
                var whole = ReaderRun.Of(new TextRecordReader(options), bytes);
                var cut = ReaderRun.Of(new TextRecordReader(options), bytes, chunk, maxRecords, frame);

                Assert.Equal(whole.Everything, cut.Everything);
                Assert.Equal(whole.Records, cut.Records);
                Assert.Equal(whole.Outcomes, cut.Outcomes);
                Assert.Equal(whole.State, cut.State);
            },
            iter: 1500);

    [Fact]
    public void A_restart_at_any_restart_point_goes_on_with_the_next_record() =>
        Gen.Select(Bytes, Options, Gen.Int[1, 40], Gen.Int[1, 9]).Sample(
            (bytes, options, chunk, maxRecords) =>
            {
                var first = ReaderRun.Of(new TextRecordReader(options), bytes, chunk, maxRecords);
                foreach (var (offset, state, seen) in first.RestartPoints)
                {
                    var reader = new TextRecordReader(options);
                    reader.Restore(state);
                    var second = ReaderRun.Of(reader, bytes, offset: offset);

                    Assert.Equal(first.Everything.Count, seen + second.Everything.Count);
                    Assert.Subset(first.Everything.ToHashSet(), second.Everything.ToHashSet());
                }
            },
            iter: 300);

    [Fact]
    public void Frame_gives_what_read_gives_for_the_same_buffer() =>
        Gen.Select(Bytes, Options, Gen.Int[1, 9], Gen.Bool).Sample(
            (bytes, options, maxRecords, isFinal) =>
            {
                using var read = new LentBatch(bytes);
                using var framed = new LentBatch(bytes);
                var framer = new TextRecordReader(options);
                var reader = new TextRecordReader(options);

                var consumed = framer.Frame(framed.Batch, isFinal, maxRecords);

                if (consumed >= 0)
                {
                    Assert.Equal(reader.Read(read.Batch, isFinal, maxRecords), consumed);
                    Assert.Equal(reader.State, framer.State);
                    framed.Batch.Resolve();
                    Assert.Equal(read.Batch.RowCount, framed.Batch.RowCount);
                    Assert.Equal(read.Batch.Errors.Count, framed.Batch.Errors.Count);
                    Assert.Equal(read.Batch.FirstLine, framed.Batch.FirstLine);
                }
            },
            iter: 1000);

    [Theory]
    [InlineData(LongLinePolicy.Truncate)]
    [InlineData(LongLinePolicy.DeadLetter)]
    public void An_overlong_line_has_one_outcome_for_any_buffer_size(LongLinePolicy policy)
    {
        var options = new FormatOptions { Format = RecordFormat.Text, MaxLineBytes = ByteSize.KiB(64), OnLongLine = policy };
        var text = "a\n" + string.Concat(Enumerable.Repeat("0123456789\u00E9", 300_000)) + "\r\nb\n";
        var whole = ReaderRun.Of(new TextRecordReader(options), text, chunk: 8 << 20);

        foreach (var chunk in new[] { 100_000, 500_000, 1_500_000, 3_000_000 })
        {
            Assert.Equal(whole.Everything, ReaderRun.Of(new TextRecordReader(options), text, chunk).Everything);
            Assert.Equal(whole.Everything, ReaderRun.Of(new TextRecordReader(options), text, chunk, frame: true).Everything);
        }

        Assert.Equal(3, whole.Everything.Count);
    }
}
