using System.Text;
using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Json;

public class JsonArrayRecordReaderTests
{
    private static readonly FormatOptions Options = new() { Format = RecordFormat.JsonArray };

    [Fact]
    public void Each_element_is_a_record_over_any_lines()
    {
        var run = Read(
            """
            [
              {"id": 7, "name": "Al\"ice", "tags": ["a", "b"]},
              { "id": "x",
                "name": null }
              , {"id": true}
            ]

            """);

        Assert.Equal(["id=7|name=\"Al\"ice\"|tags=[\"a\", \"b\"]", "id=\"x\"|name=<null>", "id=true"], run.Records);
        Assert.Empty(run.Outcomes);
        Assert.Equal(6, run.State.Line);
        Assert.Equal(3, run.State.Records);
    }

    [Fact]
    public void Rows_look_like_those_of_lines_of_JSON()
    {
        using var lent = new LentBatch("[\n{\"id\":\"a\",\"n\":1.50}\n,{\"id\":null},{\"n\":{\r\n\"x\": \"a b\"}}]");

        new JsonArrayRecordReader(Options).Read(lent.Batch, isFinal: true, 1000);
        var batch = lent.Batch;

        Assert.Equal(["id", "n"], batch.Schema.Names);
        Assert.True(batch.RowsAreJsonObjects);
        Assert.True(batch.IdIsHidden);
        Assert.Equal(0, batch.IdColumn);
        Assert.Equal("a", batch.IdOf(0));
        Assert.False(batch.HasOwnId(1));
        Assert.Equal(FieldKind.JsonString, batch.Field(0, 0).Kind);
        Assert.Equal(FieldKind.JsonRaw, batch.Field(0, 1).Kind);
        Assert.Equal(FieldKind.Null, batch.Field(1, 0).Kind);
        Assert.Equal(FieldKind.Absent, batch.Field(1, 1).Kind);
        Assert.Equal("{\"id\":\"a\",\"n\":1.50}"u8, batch.RawRow(0));
        Assert.Equal([2, 3, 3], Enumerable.Range(0, 3).Select(batch.LineOf));
        Assert.True(batch.IsRowRaw(0));
        Assert.False(batch.IsRowRaw(2));
        Assert.Equal("{\"x\":\"a b\"}"u8, batch.Utf8(2, 1));
    }

    [Fact]
    public void Keys_may_be_new_or_in_another_order_or_stand_twice()
    {
        var run = Read("""[{"a":1,"b":2},{"b":3,"a":4},{"c":5,"a":6},{"a":1,"\u0061":2}, {}]""");

        Assert.Equal(["a=1|b=2", "b=3|a=4", "c=5|a=6", "a=2", ""], run.Records);
        Assert.Equal(1, run.Outcomes["duplicate-key"]);
    }

    [Fact]
    public void Elements_that_are_no_objects_have_the_one_field_value()
    {
        var run = Read("""[1, "a\n", null, [2,3], {"value": false}, -1.5e3]""");

        Assert.Equal(["value=1", "value=\"a\n\"", "value=<null>", "value=[2,3]", "value=false", "value=-1.5e3"], run.Records);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \n ")]
    [InlineData("[]")]
    [InlineData(" [ \n ] \n")]
    public void A_stream_without_elements_has_no_records(string text) => Assert.Empty(Read(text).Everything);

    [Theory]
    [InlineData(
        "[{\"a\":1},\n{\"a\" 2},{\"a\":3}]", 2, "{\"a\" 2},{\"a\":3}]",
        "Line 2: '2' is invalid after a property name. Expected a ':'")]
    [InlineData("[{\"a\":1}\n{\"a\":2}]", 2, "{\"a\":2}]", "Line 2: ',' or ']' is missing after an element.")]
    [InlineData("[{\"a\":1}] {}", 1, "{}", "Line 1: the array has ended and something follows it.")]
    [InlineData("[{\"a\":1},]", 1, "]", "Line 1: ']' is an invalid start of a value.")]
    [InlineData("[{\"a\":1},\n{\"a\":", 2, "{\"a\":", "Line 2: the stream ends, but its array was not closed by ']'.")]
    [InlineData("[{\"a\":1}\n ", 2, "", "Line 2: the stream ends, but its array was not closed by ']'.")]
    [InlineData("[{\"a\":1},\n", 2, "", "Line 2: the stream ends, but its array was not closed by ']'.")]
    public void From_a_fault_on_the_rest_is_one_bad_record(string text, int line, string raw, string message)
    {
        var run = Read(text, Options with { OnInvalidJson = InvalidJsonPolicy.DeadLetter });

        Assert.Equal(["a=1"], run.Records);
        var error = Assert.Single(run.Errors);
        Assert.Equal("invalid-json", error.Reason);
        Assert.Equal(raw, Encoding.UTF8.GetString(error.Raw));
        Assert.Equal(line, error.Offset);
        Assert.StartsWith(message, error.Message);
        Assert.EndsWith("From here on the rest of the stream is one bad record.", error.Message);
    }

    [Fact]
    public void The_line_number_of_text_is_a_number_as_it_is_for_lines_of_JSON()
    {
        using var lent = new LentBatch("oops");
        new JsonArrayRecordReader(Options).Read(lent.Batch, isFinal: true, 1000);
        Assert.Equal(FieldKind.JsonRaw, lent.Batch.Field(0, lent.Batch.Schema.IndexOf("line_number")).Kind);
    }

    [Fact]
    public void The_rest_after_a_fault_becomes_text_by_default()
    {
        var run = Read("[{\"a\":1},\n oops]");

        Assert.Equal(["a=1", "line=oops]|line_number=2"], run.Records);
        Assert.Equal(1, run.Outcomes["invalid-json-as-text"]);
        Assert.Equal(["line={\"a\":1}\n|line_number=1"], Read("{\"a\":1}\n").Records);
    }

    [Fact]
    public void A_fault_can_end_the_run_after_the_records_before_it()
    {
        var options = Options with { OnInvalidJson = InvalidJsonPolicy.Fail };
        using var lent = new LentBatch("[1, x]");

        Assert.Equal(2, new JsonArrayRecordReader(options).Read(lent.Batch, isFinal: true, 1000));
        var error = Assert.Throws<ConnectorException>(() => Read("[1, x]", options));
        Assert.StartsWith("Line 1: 'x' is an invalid start of a value.", error.Message);
        Assert.Equal(FaultOwner.User, error.Owner);
    }

    [Fact]
    public void A_longer_element_costs_that_element_only()
    {
        var element = "{\"a\": [\"" + new string('x', 50) + "]\\\"\", {}]}";
        var options = Options with { MaxLineBytes = new ByteSize(20) };

        var run = Read($"[1,{element},2]", options);

        Assert.Equal(["value=1", "value=2"], run.Records);
        var error = Assert.Single(run.Errors);
        Assert.Equal("line-too-long", error.Reason);
        Assert.Equal(element, Encoding.UTF8.GetString(error.Raw));
        Assert.StartsWith("Line 1: the JSON value is longer than max-line-bytes allows (20).", error.Message);

        var cut = Read($"[1,{element},2]", options with { OnLongLine = LongLinePolicy.Truncate });
        Assert.Equal(["value=1", $"line={element[..20]}|line_number=1", "value=2"], cut.Records);
        Assert.Throws<ConnectorException>(() => Read($"[1,{element},2]", options with { OnLongLine = LongLinePolicy.Fail }));
    }

    [Fact]
    public void An_element_larger_than_memory_allows_is_skipped_without_being_kept()
    {
        var text = "[1,[\"" + new string('x', 5 << 20) + "\"],2]";
        var whole = Read(text, Options with { MaxLineBytes = ByteSize.KiB(1) }, chunk: 8 << 20);

        foreach (var chunk in new[] { 300_000, 1 << 20, 2_000_000 })
        {
            var run = Read(text, Options with { MaxLineBytes = ByteSize.KiB(1) }, chunk);

            Assert.Equal(whole.Everything, run.Everything);
            Assert.Equal(["value=1", "value=2"], run.Records);
            Assert.Equal(RecordError.MaxRawBytes, Assert.Single(run.Errors).Raw.Length);
        }
    }

    [Fact]
    public void An_array_that_ends_right_after_a_longer_element_is_still_not_closed()
    {
        var options = Options with { MaxLineBytes = new ByteSize(16), OnInvalidJson = InvalidJsonPolicy.DeadLetter };

        var run = ReaderRun.Of(new JsonArrayRecordReader(options), "[1,\"0123456789012345678\"", maxRecords: 1);

        Assert.Equal(["value=1"], run.Records);
        Assert.Equal(["line-too-long", "invalid-json"], run.Errors.Select(error => error.Reason));
    }

    [Fact]
    public void An_element_that_is_too_deep_or_has_too_many_fields_costs_that_element_only()
    {
        var deep = new string('[', 65) + new string(']', 65);
        var options = Options with { MaxFields = 2, OnInvalidJson = InvalidJsonPolicy.DeadLetter };

        var run = Read($$"""[{"a":1},{{deep}},{"a":1,"b":2,"c":3},{{deep[1..^1]}},{"a":4}]""", options);

        Assert.Equal(["a=1", $"value={deep[1..^1]}", "a=4"], run.Records);
        Assert.Equal(["too-deep", "too-many-fields"], run.Errors.Select(error => error.Reason));
    }

    [Fact]
    [Trait("claim", "FILE-25")]
    public void Invalid_bytes_are_replaced_and_counted_or_a_dead_letter()
    {
        byte[] bytes = [.. "[{\"a\":\"x"u8, 0xFF, .. "\"},{\"a\":2}]"u8];

        var run = ReaderRun.Of(new JsonArrayRecordReader(Options), bytes);
        var strict = ReaderRun.Of(new JsonArrayRecordReader(Options with { OnInvalidBytes = InvalidBytesPolicy.DeadLetter }), bytes);

        Assert.Equal(["a=\"x\uFFFD\"", "a=2"], run.Records);
        Assert.Equal(1, run.Outcomes["invalid-bytes-replaced"]);
        Assert.Equal(["a=2"], strict.Records);
        Assert.Equal("invalid-bytes", Assert.Single(strict.Errors).Reason);
        Assert.Throws<ConnectorException>(
            () => ReaderRun.Of(new JsonArrayRecordReader(Options with { OnInvalidBytes = InvalidBytesPolicy.Fail }), bytes));
    }

    [Fact]
    public void Lines_before_the_array_can_be_skipped()
    {
        foreach (var chunk in new[] { 1, 4, 100 })
        {
            Assert.Equal(["value=1"], Read("// export\n// of today\n[1]", Options with { SkipRows = 2 }, chunk).Records);
        }
    }

    [Fact]
    public void A_batch_is_cut_before_its_table_gets_too_large()
    {
        var wide = "{" + string.Join(",", Enumerable.Range(0, 1000).Select(index => $"\"k{index}\":1")) + "}";
        using var lent = new LentBatch("[" + string.Join(",", Enumerable.Repeat(wide, 300)) + "]");

        new JsonArrayRecordReader(Options).Read(lent.Batch, isFinal: true, int.MaxValue);

        Assert.Equal(RecordBatch.MaxCells / 1000, lent.Batch.RowCount);
    }

    private static ReaderRun Read(string text, FormatOptions? options = null, int chunk = 1 << 20) =>
        ReaderRun.Of(new JsonArrayRecordReader(options ?? Options), text, chunk);
}
