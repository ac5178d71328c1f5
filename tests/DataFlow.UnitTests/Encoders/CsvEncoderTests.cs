using System.Text;
using CsCheck;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Encoders;

public class CsvEncoderTests
{
    private static readonly EncoderOptions Options = new() { Format = OutputFormat.Csv };

    [Fact]
    public void Fields_are_quoted_only_when_they_must_be()
    {
        using var batch = new Lent(Rows.Texts(
            ["a", "b", "c"], ["plain", " spaces ", "it's"], ["a,b", "say \"hi\"", "two\nlines"],
                ["", "cr\rhere", new string('x', 40) + ","]));
        Assert.Equal(
            $"plain, spaces ,it's\n\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\n,\"cr\rhere\",\"{new string('x', 40)},\"\n",
            Rows.Encode(Encoder("a", "b", "c"), batch.Batch));
    }

    [Fact]
    public void Any_text_is_read_back_by_a_reader_of_rfc_4180()
    {
        var text = Gen.String[Gen.Frequency((6, Gen.Char['a', 'z']), (2, Gen.Char[' ', '~']),
            (2, Gen.OneOf(Gen.Const('"'), Gen.Const(';'), Gen.Const('\n'), Gen.Const('\r'), Gen.Const('日')))), 0, 90];
        Gen.Select(text, text).Array[0, 30].Sample(rows =>
        {
            using var batch = new Lent(Rows.Texts(["a", "b"], rows.Select(row => new[] { row.Item1, row.Item2 })));
            var written = Rows.Encode(new CsvEncoder(BatchPool.Shared, Options with { Delimiter = ";|" }, ["a", "b"]), batch.Batch);
            Assert.Equal(rows.Select(row => new[] { row.Item1, row.Item2 }), Read(written, ";|"));
        });
    }

    [Fact]
    public void Each_kind_of_value_becomes_its_text()
    {
        using var batch = new Lent(Rows.Of(
            new RecordSchema("a", "b", "c", "d", "e", "f", "g"),
            [
                ("x\"\"y", FieldKind.CsvDoubled), ("é, \\\"q\\\"\\n", FieldKind.JsonStringEscaped), ("{\"k\":1}", FieldKind.JsonRaw),
                    ("12.50", FieldKind.JsonRaw),
                ("", FieldKind.Null), ("", FieldKind.Absent), ("hi", FieldKind.Bytes),
            ]));
        Assert.Equal("\"x\"\"y\",\"é, \"\"q\"\"\n\",\"{\"\"k\"\":1}\",12.50,,,aGk=\n",
            Rows.Encode(Encoder("a", "b", "c", "d", "e", "f", "g"), batch.Batch));
    }

    [Fact]
    public void A_text_for_null_differs_from_a_value_with_that_text()
    {
        using var batch = new Lent(Rows.Of(new RecordSchema("a", "b", "c"),
            [("", FieldKind.Null), ("NULL", FieldKind.Text), ("", FieldKind.Text)]));
        Assert.Equal("NULL,\"NULL\",\n",
            Rows.Encode(new CsvEncoder(BatchPool.Shared, Options with { NullText = "NULL" }, ["a", "b", "c"]), batch.Batch));
    }

    [Fact]
    public void A_single_empty_field_is_no_blank_line()
    {
        using var batch = new Lent(Rows.Texts(["a"], [""], ["x"]));
        Assert.Equal("\"\"\nx\n", Rows.Encode(Encoder("a"), batch.Batch));
    }

    [Fact]
    public void The_header_is_quoted_like_any_row_and_can_be_left_out()
    {
        Assert.Equal("id,\"a,b\"\n", Encoding.UTF8.GetString(Encoder("id", "a,b").Header.Span));
        Assert.Equal("id\ta,b\n",
            Encoding.UTF8.GetString(new CsvEncoder(BatchPool.Shared, Options with { Delimiter = "\\t" }, ["id", "a,b"]).Header.Span));
        Assert.True(new CsvEncoder(BatchPool.Shared, Options with { Header = false }, ["id"]).Header.IsEmpty);
    }

    [Fact]
    public void The_first_record_gives_the_columns_whatever_else_its_batch_holds()
    {
        using var batch = new Lent(Rows.Json("{\"z\":1}", "{\"b\":2,\"z\":3}", "{\"a\":4}"));
        Assert.Equal(["z"], CsvEncoder.ColumnsOf(batch.Batch, 0));
        Assert.Equal(["b", "z"], CsvEncoder.ColumnsOf(batch.Batch, 1));
    }

    [Fact]
    public void Columns_are_written_in_the_order_of_the_file()
    {
        using var batch = new Lent(Rows.Json("{\"b\":2,\"a\":1}"));
        Assert.Equal("1,,2\n", Rows.Encode(Encoder("a", "x", "b"), batch.Batch));
    }

    [Fact]
    public void A_new_field_fails_with_its_name_and_what_to_do()
    {
        using var batch = new Lent(Rows.Json("{\"a\":1}", "{\"a\":2,\"b\":3}"));
        batch.Batch.FirstLine = 1;
        var failure = Assert.Throws<ConnectorException>(() => Encoder("a").Encode(batch.Batch));
        Assert.Contains("has the field 'b', for which the CSV file has no column (it has a)", failure.Message);
        Assert.Contains("set on-new-field to rotate", failure.Message);
        batch.Batch.Select([0]);
        Assert.Equal("1\n", Rows.Encode(Encoder("a"), batch.Batch));
    }

    [Fact]
    public void A_new_field_is_dropped_and_counted_when_told_so()
    {
        using var batch = new Lent(Rows.Json("{\"a\":1}", "{\"a\":2,\"b\":3}", "{\"b\":4,\"c\":5}"));
        var encoder = new CsvEncoder(BatchPool.Shared, Options with { OnNewField = NewFieldPolicy.DropCounted }, ["a"]);
        Assert.Equal("1\n2\n\"\"\n", Rows.Encode(encoder, batch.Batch));
        Assert.Equal(3, encoder.DroppedValues);
    }

    [Fact]
    public void Long_rows_of_nothing_but_quotes_find_their_room()
    {
        var text = new string('"', 200_000);
        using var batch = new Lent(Rows.Texts(["a", "b"], ["x", text], [text, "y"]));
        var row = new string('"', 400_002);
        Assert.Equal($"x,{row}\n{row},y\n", Rows.Encode(Encoder("a", "b"), batch.Batch));
    }

    [Fact]
    public void Twice_the_records_allocate_no_more()
    {
        var pool = new BatchPool();
        using var small = new Lent(NdjsonEncoderTests.Wide(pool, 1000));
        using var large = new Lent(NdjsonEncoderTests.Wide(pool, 2000));
        var encoder = new CsvEncoder(pool, Options, [.. small.Batch.Schema.Names]);
        Assert.Equal(Rows.AllocationOf(encoder, small.Batch), Rows.AllocationOf(encoder, large.Batch));
    }

    [Fact]
    public void Options_that_contradict_each_other_are_found()
    {
        string[] Keys(EncoderOptions options) => [.. options.Validate().Select(problem => problem.Key)];
        Assert.Empty(Keys(Options));
        Assert.Equal(["delimiter"], Keys(Options with { Delimiter = "" }));
        Assert.Equal(["delimiter"], Keys(Options with { Delimiter = "\"" }));
        Assert.Equal(["envelope"], Keys(Options with { Envelope = true }));
        Assert.Equal(["null-text"], Keys(Options with { NullText = "a,b" }));
        Assert.Equal(["columns"], Keys(Options with { Columns = ["a", "b", "a"] }));
    }

    private static CsvEncoder Encoder(params string[] columns) => new(BatchPool.Shared, Options, columns);

    /// <summary>The plainest reader there is: a character at a time.</summary>
    private static List<string[]> Read(string text, string delimiter)
    {
        var rows = new List<string[]>();
        var row = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var at = 0; at < text.Length; at++)
        {
            if (quoted)
            {
                if (text[at] != '"')
                {
                    field.Append(text[at]);
                }
                else if (at + 1 < text.Length && text[at + 1] == '"')
                {
                    field.Append(text[at++]);
                }
                else
                {
                    quoted = false;
                }
            }
            else if (text[at] == '"' && field.Length == 0)
            {
                quoted = true;
            }
            else if (text[at] == '\n' || text.AsSpan(at).StartsWith(delimiter))
            {
                row.Add(field.ToString());
                field.Clear();
                if (text[at] == '\n')
                {
                    rows.Add([.. row]);
                    row.Clear();
                }
                else
                {
                    at += delimiter.Length - 1;
                }
            }
            else
            {
                field.Append(text[at]);
            }
        }

        return rows;
    }
}
