using System.Text.Json;
using CsCheck;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Encoders;

public class NdjsonEncoderTests
{
    private static readonly NdjsonEncoder Encoder = new(BatchPool.Shared);

    [Fact]
    public void Text_of_csv_stays_a_json_string()
    {
        using var batch = new Lent(Rows.Texts(["name", "age"], ["Alice", "30"], ["Bob", ""]));
        Assert.Equal("{\"name\":\"Alice\",\"age\":\"30\"}\n{\"name\":\"Bob\",\"age\":\"\"}\n", Rows.Encode(Encoder, batch.Batch));
    }

    [Fact]
    public void Text_is_escaped_as_little_as_json_allows()
    {
        using var batch = new Lent(Rows.Texts(["t"], ["a\"b\\c/\b\f\n\r\t\u0001\u001f\u007fé日😀<>&'"]));
        Assert.Equal("{\"t\":\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\u007fé日😀<>&'\"}\n", Rows.Encode(Encoder, batch.Batch));
    }

    [Fact]
    public void Any_text_is_read_back_by_another_json_parser()
    {
        var text = Gen.String[Gen.Frequency((6, Gen.Char['a', 'z']), (2, Gen.Char['\0', '\u0100']),
            (1, Gen.OneOf(Gen.Const('"'), Gen.Const('\\'), Gen.Const('日')))), 0, 120];
        Gen.Select(text, text, text).Array[0, 40].Sample(rows =>
        {
            using var batch = new Lent(Rows.Texts(["a", "b \"q\"", "c"], rows.Select(row => new[] { row.Item1, row.Item2, row.Item3 })));
            var lines = Rows.Encode(Encoder, batch.Batch).Split('\n');
            Assert.Equal(rows.Length + 1, lines.Length);
            foreach (var (row, line) in rows.Zip(lines))
            {
                using var document = JsonDocument.Parse(line);
                Assert.Equal(row.Item1, document.RootElement.GetProperty("a").GetString());
                Assert.Equal(row.Item2, document.RootElement.GetProperty("b \"q\"").GetString());
                Assert.Equal(row.Item3, document.RootElement.GetProperty("c").GetString());
            }
        });
    }

    [Fact]
    public unsafe void The_copies_with_and_without_vectors_agree()
    {
        Gen.Byte.Array[JsonText.Block].Sample(source =>
        {
            byte[] vector = new byte[JsonText.Block], halves = new byte[JsonText.Block], scalar = new byte[JsonText.Block];
            fixed (byte* from = source, first = vector, second = halves, third = scalar)
            {
                var special = JsonText.CopyBlockScalar(from, third);
                Assert.Equal(special, JsonText.CopyBlock(from, first));
                Assert.Equal(special, JsonText.CopyHalf(from, second) | (JsonText.CopyHalf(from + 16, second + 16) << 16));
                Assert.Equal(CsvText.CopyBlockScalar(from, third, (byte)';'), CsvText.CopyBlock(from, first, (byte)';'));
            }

            Assert.Equal(source, vector);
            Assert.Equal(source, halves);
            Assert.Equal(source, scalar);
        });
    }

    [Fact]
    public void Doubled_quotes_become_one_escaped_quote()
    {
        using var batch = new Lent(Rows.Of(new RecordSchema("a", "b"),
            [("say \"\"hi\"\" \\", FieldKind.CsvDoubled), ("\"\"", FieldKind.CsvDoubled)]));
        Assert.Equal("{\"a\":\"say \\\"hi\\\" \\\\\",\"b\":\"\\\"\"}\n", Rows.Encode(Encoder, batch.Batch));
    }

    [Fact]
    public void Null_is_written_absent_and_unchanged_are_not()
    {
        using var batch = new Lent(Rows.Of(
            new RecordSchema("a", "b", "c"),
            [("", FieldKind.Absent), ("", FieldKind.Null), ("", FieldKind.Unchanged)],
            [("", FieldKind.Absent), ("", FieldKind.Absent), ("", FieldKind.Absent)]));
        Assert.Equal("{\"b\":null}\n{}\n", Rows.Encode(Encoder, batch.Batch));
    }

    [Theory]
    [InlineData(FieldType.Int64, "-12", true)]
    [InlineData(FieldType.Int64, "9223372036854775807", true)]
    [InlineData(FieldType.Int64, "012", false)]
    [InlineData(FieldType.Int64, "1.5", false)]
    [InlineData(FieldType.Int64, "", false)]
    [InlineData(FieldType.Int64, "-", false)]
    [InlineData(FieldType.Decimal, "1000.50", true)]
    [InlineData(FieldType.Decimal, "-0.0", true)]
    [InlineData(FieldType.Decimal, "1.", false)]
    [InlineData(FieldType.Decimal, ".5", false)]
    [InlineData(FieldType.Double, "1.0E-7", true)]
    [InlineData(FieldType.Double, "1e", false)]
    [InlineData(FieldType.Double, "NaN", false)]
    [InlineData(FieldType.Double, "1 ", false)]
    [InlineData(FieldType.Bool, "true", true)]
    [InlineData(FieldType.Bool, "True", false)]
    [InlineData(FieldType.Json, "{\"a\":[1,{}]}", true)]
    [InlineData(FieldType.Json, "{\"a\":", false)]
    [InlineData(FieldType.Json, "1 2", false)]
    [InlineData(FieldType.Text, "12", false)]
    [InlineData(FieldType.Date, "2024", false)]
    public void A_typed_value_is_unquoted_when_it_is_a_token_of_its_type(FieldType type, string text, bool unquoted)
    {
        using var batch = new Lent(Rows.Of(new RecordSchema([("v", type)]), [(text, FieldKind.Text)]));
        var value = unquoted ? text : $"\"{text.Replace("\"", "\\\"")}\"";
        Assert.Equal($"{{\"v\":{value}}}\n", Rows.Encode(Encoder, batch.Batch));
    }

    [Fact]
    public void A_json_column_with_line_breaks_stays_on_one_line()
    {
        using var batch = new Lent(Rows.Of(
            new RecordSchema([("v", FieldType.Json), ("w", FieldType.Text)]),
                [("{\r\n \"a\": 1\n}", FieldKind.Text), ("[\n1]", FieldKind.JsonRaw)]));
        Assert.Equal("{\"v\":{ \"a\": 1},\"w\":[1]}\n", Rows.Encode(Encoder, batch.Batch));
    }

    [Fact]
    public void Bytes_are_written_as_base64()
    {
        using var batch = new Lent(Rows.Of(new RecordSchema([("v", FieldType.Bytes)]), [("hello", FieldKind.Bytes)]));
        Assert.Equal("{\"v\":\"aGVsbG8=\"}\n", Rows.Encode(Encoder, batch.Batch));
    }

    [Fact]
    public void Json_rows_are_copied_byte_by_byte()
    {
        string[] lines = ["{ \"a\" : 1.0, \"b\":\"x\\u00e9\\/\" }", "{\"b\":2,\"a\":null}", "{}", "{\"c\":{\"d\":[1, 2]}}"];
        using var batch = new Lent(Rows.Json(lines));
        Assert.Equal(string.Join('\n', lines) + "\n", Rows.Encode(Encoder, batch.Batch));
        batch.Batch.Select([1, 3]);
        Assert.Equal($"{lines[1]}\n{lines[3]}\n", Rows.Encode(Encoder, batch.Batch));
    }

    [Fact]
    public void A_json_row_that_is_not_raw_is_written_from_its_fields()
    {
        using var batch = new Lent(Rows.Json("{ \"a\": 1 }", "{ \"b\": 2, \"a\": \"x\\ny\" }", "{ \"a\": 3 }"));
        batch.Batch.SetRowNotRaw(1);
        Assert.Equal("{ \"a\": 1 }\n{\"b\":2,\"a\":\"x\\ny\"}\n{ \"a\": 3 }\n", Rows.Encode(Encoder, batch.Batch));
    }

    [Fact]
    public void A_json_row_that_spans_lines_is_copied_without_its_line_breaks()
    {
        using var batch = new Lent(BatchPool.Shared.Rent(100));
        batch.Batch.Begin(new RecordSchema("a"), 2);
        batch.Batch.RowsAreJsonObjects = true;
        batch.Batch.AddRow(batch.Batch.Append("{\n \"a\": 1\r\n}"u8), 12)[0] = FieldRef.Null;
        batch.Batch.Append("\n"u8);
        batch.Batch.AddRow(batch.Batch.Append("{\"a\":2}"u8), 7)[0] = FieldRef.Null;
        Assert.Equal("{ \"a\": 1}\n{\"a\":2}\n", Rows.Encode(Encoder, batch.Batch));
    }

    [Fact]
    public void A_projected_row_keeps_exact_tokens()
    {
        using var batch = new Lent(Rows.Json("{\"a\":12.50,\"b\":\"x\\u0041\",\"c\":[1, 2]}"));
        batch.Batch.Project(new RecordSchema("number", "k", "text"), [0, ~0, 1], [batch.Batch.AddOverlay("fix"u8)]);
        Assert.Equal("{\"number\":12.50,\"k\":\"fix\",\"text\":\"x\\u0041\"}\n".Replace("x\\u0041", "xA"),
            Rows.Encode(Encoder, batch.Batch));
    }

    [Fact]
    public void Any_projection_of_any_fields_writes_key_and_token_of_each()
    {
        FieldKind[] kinds =
            [FieldKind.Text, FieldKind.JsonString, FieldKind.JsonStringEscaped, FieldKind.JsonRaw, FieldKind.Null, FieldKind.Absent];
        var kind = Gen.Int[0, kinds.Length - 1].Select(index => kinds[index]);
        var field = Gen.Select(Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Const('é')), 0, 150], kind);
        var fields = field.Array[4].Array[1, 20];
        var columns = Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 80], Gen.Int[-1, 3]).Array[1, 8];
        Gen.Select(fields, columns).Sample((rows, chosen) =>
        {
            using var batch = new Lent(Rows.Of(new RecordSchema("a", "b", "c", "d"), rows));
            var names = chosen.Select((column, index) => $"{column.Item1}{index}").ToArray();
            var constant = batch.Batch.AddOverlay("fix"u8);
            batch.Batch.Project(new RecordSchema(names), [.. chosen.Select(column => column.Item2)], [constant]);
            var expected = rows.Select(row => chosen
                .Select((column, index) => (Key: names[index], Value: column.Item2 < 0 ? ("fix", FieldKind.Text) : row[column.Item2]))
                .Where(pair => pair.Value.Item2 != FieldKind.Absent)
                .Select(pair => $"\"{pair.Key}\":{Token(pair.Value.Item1, pair.Value.Item2)}"));
            Assert.Equal(string.Concat(expected.Select(row => $"{{{string.Join(',', row)}}}\n")), Rows.Encode(Encoder, batch.Batch));
        });

        static string Token(string text, FieldKind kind) => kind switch
        {
            FieldKind.JsonRaw => text,
            FieldKind.Null => "null",
            _ => $"\"{text}\"",
        };
    }

    [Fact]
    public void Line_breaks_are_left_out_wherever_they_stand_in_a_value()
    {
        Gen.String[Gen.Frequency((40, Gen.Char[' ', '~']), (1, Gen.OneOf(Gen.Const('\n'), Gen.Const('\r'), Gen.Const('\t')))), 0, 300].Sample(value =>
        {
            using var batch = new Lent(Rows.Of(new RecordSchema("a", "b"), [(value, FieldKind.JsonRaw), ("1", FieldKind.JsonRaw)]));
            var line = value.Replace("\n", "").Replace("\r", "");
            Assert.Equal($"{{\"a\":{line},\"b\":1}}\n", Rows.Encode(Encoder, batch.Batch));
        });
    }

    [Fact]
    public void Long_rows_of_nothing_but_escapes_find_their_room()
    {
        var text = new string('\u0001', 300_000);
        using var batch = new Lent(Rows.Texts(["t"], ["x"], [text], ["y"]));
        var lines = Rows.Encode(Encoder, batch.Batch).Split('\n');
        Assert.Equal("{\"t\":\"x\"}", lines[0]);
        Assert.Equal(text, JsonDocument.Parse(lines[1]).RootElement.GetProperty("t").GetString());
        Assert.Equal("{\"t\":\"y\"}", lines[2]);
    }

    [Fact]
    public void An_envelope_has_id_data_and_metadata()
    {
        using var batch = new Lent(Rows.Texts(["id", "name"], ["1", "Al\"ice"], ["", "Bob"]));
        batch.Batch.IdColumn = 0;
        batch.Batch.FirstLine = 2;
        batch.Batch.Metadata.Set("source", "file").SetNumbers("line_number", static (b, row) => b.LineOf(row))
            .SetTexts("key", static (_, row) => row == 0 ? "ä\n" : null).Set("empty", "");
        var lines = Rows.Encode(new NdjsonEncoder(BatchPool.Shared, envelope: true), batch.Batch).Split('\n');
        Assert.Equal(
            "{\"id\":\"1\",\"data\":{\"id\":\"1\",\"name\":\"Al\\\"ice\"},"
            + "\"metadata\":{\"source\":\"file\",\"line_number\":\"2\",\"key\":\"ä\\n\",\"empty\":\"\"}}",
            lines[0]);
        Assert.Equal(
            $"{{\"id\":\"{batch.Batch.DeliveryIdOf(1)}\",\"data\":{{\"id\":\"\",\"name\":\"Bob\"}},"
            + $"\"metadata\":{{\"source\":\"file\",\"line_number\":\"2\",\"empty\":\"\"}}}}",
            lines[1]);
    }

    [Fact]
    public void The_data_of_an_envelope_is_what_people_see_as_data()
    {
        using var batch = new Lent(Rows.Json("{\"type\":\"x\",\"id\":7}", "{\"id\":null,\"type\":\"y\"}"));
        batch.Batch.IdColumn = 1;
        batch.Batch.IdIsHidden = true;
        var lines = Rows.Encode(new NdjsonEncoder(BatchPool.Shared, envelope: true), batch.Batch).Split('\n');
        Assert.Equal("{\"id\":\"7\",\"data\":{\"type\":\"x\"},\"metadata\":{}}", lines[0]);
        Assert.Equal($"{{\"id\":\"{batch.Batch.DeliveryIdOf(1)}\",\"data\":{{\"id\":null,\"type\":\"y\"}},\"metadata\":{{}}}}", lines[1]);
    }

    [Fact]
    public void Twice_the_records_allocate_no_more()
    {
        var pool = new BatchPool();
        using var small = new Lent(Wide(pool, 1000));
        using var large = new Lent(Wide(pool, 2000));
        var encoder = new NdjsonEncoder(pool);
        Assert.Equal(Rows.AllocationOf(encoder, small.Batch), Rows.AllocationOf(encoder, large.Batch));
    }

    internal static RecordBatch Wide(BatchPool pool, int rows) => Rows.Of(
        pool,
        new RecordSchema(Enumerable.Range(0, 10).Select(index => $"column{index}")),
        Enumerable.Range(0, rows).Select(row => Enumerable.Range(0, 10).Select(column => ($"value {row * column} of "
            + $"{column}", FieldKind.Text)).ToArray()));
}
