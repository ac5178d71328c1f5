using System.Text;
using CsCheck;
using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Csv;

/// <summary>The same bytes give the same records, however they are cut and on whichever path they are read.</summary>
public class CsvMetamorphicTests
{
    private static readonly CsvPath[] FastPaths = [CsvPath.Widest, CsvPath.Vector512, CsvPath.Vector256, CsvPath.Vector128, CsvPath.Scalar];

    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            ",", "\n", "\r\n", "\r", "\"", "\"\"", "a", " ", "\\", "|", ";;", "#", "NULL", "\u00E9", "x,y\n", "1,2,3\n", "\"q\"", "\"a,b\"",
            "\"in\nside\"", "\"say \"\"hi\"\"\"", ",\"last\"\r\n", "\n\n", "0123456789012345678901234567890123456789", "'", "''",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF],
        [0xC3],
        [0xF0, 0x9F, 0x98],
    ];

    private static readonly Gen<byte[]> Nasty =
        Gen.Int[0, Pieces.Length - 1].Array[0, 60].Select(picks => picks.SelectMany(pick => Pieces[pick]).ToArray());

    /// <summary>Three columns, mostly well-formed, so that the fast path has something to do.</summary>
    private static readonly Gen<byte[]> Ordinary =
        Gen.OneOf(
                "1,2,3\n", "a,b,c\r\n", ",,\n",
                "id,a somewhat longer text that spans a block,z\n", "\"q\",\"r\",\"s\"\n", "1,\"a,b\",2\r\n",
                "1,\"two\nlines\",3\n",
                "\"say \"\"hi\"\"\",\"\",\"\"\"\"\r\n", "\u00E9,\uD83D\uDE00,\u4E2D\n", "a,b\n", "a,b,c,d\n", "\n", "a,b\"b,c\n",

                "a,\"b\"x,c\n", "a,\"b,c\n", "NULL, x ,\"NULL\"\n", "\u00FF,1,2\n", " ,\" \",\t\n", "\r\n", "a,b,\"c\"\r\n")
            .Array[0, 40]
            .Select(rows => Encoding.UTF8.GetBytes("x,y,z\n" + string.Concat(rows)).Select(b => b == 0xBF ? (byte)0xFF : b).ToArray());

    private static readonly Gen<byte[]> Bytes = Gen.OneOf(Nasty, Ordinary);

    private static readonly Gen<FormatOptions> CommonOptions =
        from malformed in Gen.OneOf(MalformedPolicy.Skip, MalformedPolicy.Pad, MalformedPolicy.Keep)
        from invalid in Gen.OneOf(InvalidBytesPolicy.Replace, InvalidBytesPolicy.DeadLetter)
        from overlong in Gen.OneOf(LongLinePolicy.Truncate, LongLinePolicy.DeadLetter)
        from most in Gen.OneOf(16, 70, 1000)
        from skip in Gen.OneOf(0, 0, 2)
        from header in Gen.Bool
        from quotedLines in Gen.OneOf(1, 2, 3, 1000)
        from maxFields in Gen.OneOf(3, 5, 2000)
        from trim in Gen.Frequency((3, Gen.Const(false)), (1, Gen.Const(true)))
        from nullToken in Gen.OneOf<string?>(null, null, "", "NULL")
        select new FormatOptions
        {
            OnMalformed = malformed,
            OnInvalidBytes = invalid,
            OnLongLine = overlong,
            MaxLineBytes = new ByteSize(most),
            SkipRows = skip,
            HasHeader = header,
            MaxQuotedLines = quotedLines,
            MaxFields = maxFields,
            Trim = trim,
            NullToken = nullToken,
        };

    private static readonly Gen<FormatOptions> OddOptions =
        from common in CommonOptions
        from separator in Gen.OneOf("auto", "lf", "crlf", "cr", "||", "xy")
        from delimiter in Gen.OneOf(",", ";;", "\t", ";")
        from quote in Gen.OneOf("\"", "'", "", "\u00E9")
        from escape in Gen.OneOf("\"", "\\", "'", "")
        from comment in Gen.OneOf("", "#", "NU")
        from headerRows in Gen.OneOf(1, 1, 2)
        select common with
        {
            RecordSeparator = separator,
            Delimiter = delimiter,
            Quote = quote,
            Escape = escape,
            Comment = comment,
            HeaderRows = headerRows,
        };

    private static readonly Gen<FormatOptions> Options = Gen.Frequency((2, CommonOptions), (1, OddOptions));

    [Fact]
    public void The_fast_path_gives_what_the_row_scanner_gives() =>
        Gen.Select(Bytes, CommonOptions, Gen.OneOf(FastPaths), Gen.Int[1, 50]).Sample(
            (bytes, options, path, maxRecords) =>
                AssertSame(Run(bytes, options, CsvPath.Careful, maxRecords: maxRecords), Run(bytes, options, path, maxRecords: maxRecords)),
            iter: 2500);

    [Fact]
    public void Buffer_size_and_records_per_batch_change_nothing() =>
        Gen.Select(Bytes, Options, Gen.OneOf<CsvPath>([.. FastPaths, CsvPath.Careful]), Gen.Int[1, 90], Gen.Int[1, 9], Gen.Bool).Sample(
            (bytes, options, path, chunk, maxRecords, frame) =>
                AssertSame(Run(bytes, options, path), Run(bytes, options, path, chunk, maxRecords, frame)),
            iter: 2500);

    [Fact]
    public void Frame_cuts_the_batch_that_read_cuts() =>
        Gen.Select(Ordinary, CommonOptions, Gen.OneOf(FastPaths), Gen.Int[1, 30], Gen.Bool).Sample(
            (bytes, options, path, maxRecords, isFinal) =>
            {
                using var framed = new LentBatch(bytes);
                var state = new ReaderState(0, ["x", "y", "z"]);
                var framer = new CsvRecordReader(options with { SkipRows = 0 }, path);
                var reader = new CsvRecordReader(options with { SkipRows = 0 }, path);
                framer.Restore(state);
                reader.Restore(state);

                var consumed = framer.Frame(framed.Batch, isFinal, maxRecords);

                if (consumed >= 0)
                {
                    // It may stop before a record that is too long and not over yet, which reading would cut.
                    using var read = new LentBatch(bytes[..consumed]);
                    Assert.Equal(reader.Read(read.Batch, isFinal && consumed == bytes.Length, maxRecords), consumed);
                    Assert.Equal(reader.State.Line, framer.State.Line);
                    Assert.True(framed.Batch.IsDeferred);
                    framed.Batch.Resolve();
                    Assert.Equal(read.Batch.RowCount, framed.Batch.RowCount);
                    Assert.Equal(read.Batch.Errors.Count, framed.Batch.Errors.Count);
                    Assert.Equal(read.Batch.FirstLine, framed.Batch.FirstLine);
                    Assert.Equal(read.Batch.Length, framed.Batch.Length);
                    Assert.Equal(read.Batch.IdColumn, framed.Batch.IdColumn);
                }
            },
            iter: 2000);

    [Fact]
    public void A_restart_at_any_restart_point_goes_on_with_the_next_record() =>
        Gen.Select(Bytes, Options, Gen.Int[1, 60], Gen.Int[1, 9]).Sample(
            (bytes, options, chunk, maxRecords) =>
            {
                var first = Run(bytes, options, CsvPath.Widest, chunk, maxRecords);
                foreach (var (offset, state, seen) in first.RestartPoints)
                {
                    var reader = new CsvRecordReader(options);
                    reader.Restore(state);
                    var second = ReaderRun.Of(reader, bytes, offset: offset);

                    Assert.Equal(first.Everything.Count, seen + second.Everything.Count);
                    Assert.Subset(first.Everything.ToHashSet(), second.Everything.ToHashSet());
                }
            },
            iter: 200);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(40)]
    public void Large_buffers_give_what_the_row_scanner_gives(int columns)
    {
        var random = new Random(columns);
        string[] values =
        [
            "", "x", "some longer text", "\u00E9\u4E2D\uD83D\uDE00", "\"a,b\"", "\"a \"\"b\"\"\"", "\"two\r\nlines\"", new string('y', 300),
        ];
        var rows = new StringBuilder(string.Join(',', Enumerable.Range(0, columns).Select(column => $"c{column}")) + "\n");
        while (rows.Length < 300_000)
        {
            var fields = Enumerable.Range(0, columns).Select(_ => random.Next(3) == 0 ? values[random.Next(values.Length)] : "plain");
            var row = string.Join(',', random.Next(200) == 0 ? fields.Append("surplus,,\"x\"y") : fields);
            rows.Append(row).Append(random.Next(300) == 0 ? "\u00FF\n" : random.Next(2) == 0 ? "\n" : "\r\n");
        }

        // A row that is wider than any table has room for.
        rows.Append(',', 100_000).Append('\n').Append(string.Join(',', new string[columns - 1])).Append("last\n");
        var bytes = Encoding.UTF8.GetBytes(rows.ToString());
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] = bytes[at] == 0xBF ? (byte)0xFF : bytes[at];
        }

        var expected = Run(bytes, new FormatOptions(), CsvPath.Careful, 1 << 21, 1 << 20);
        foreach (var path in FastPaths)
        {
            AssertSame(expected, Run(bytes, new FormatOptions(), path, 1 << 21, 1 << 20));
        }

        AssertSame(expected, Run(bytes, new FormatOptions(), CsvPath.Widest, 200_000, 2048, frame: true));
    }

    private static ReaderRun Run(
        byte[] bytes, FormatOptions options, CsvPath path, int chunk = 1 << 20, int maxRecords = 1000, bool frame = false)
    {
        try
        {
            return ReaderRun.Of(new CsvRecordReader(options, path), bytes, chunk, maxRecords, frame);
        }
        catch (ConnectorException e)
        {
            // A header that can't be trusted: the same everywhere.
            var failed = new ReaderRun();
            failed.Everything.Add(e.Message);
            return failed;
        }
    }

    private static void AssertSame(ReaderRun expected, ReaderRun actual)
    {
        Assert.Equal(expected.Everything, actual.Everything);
        Assert.Equal(expected.Records, actual.Records);
        Assert.Equal(expected.Outcomes, actual.Outcomes);
        Assert.Equal(expected.State.Line, actual.State.Line);
        Assert.Equal(expected.State.Header, actual.State.Header);
    }
}
