using DataFlow.Formats;

namespace DataFlow.UnitTests.Encoders;

public class TextEncoderTests
{
    [Fact]
    public void The_field_line_becomes_a_line()
    {
        using var batch = new Lent(Rows.Texts(["line", "line_number"], ["first, \"line\"", "1"], ["", "2"], ["é\t", "3"]));
        Assert.Equal("first, \"line\"\n\né\t\n", Rows.Encode(new TextEncoder(BatchPool.Shared), batch.Batch));
    }

    [Fact]
    public void Values_of_json_are_written_as_their_text()
    {
        using var batch = new Lent(Rows.Json("{\"m\":\"a\\\"b\"}", "{\"m\":12.50}", "{\"m\":{\"k\":1}}", "{\"m\":null}"));
        Assert.Equal("a\"b\n12.50\n{\"k\":1}\n\n", Rows.Encode(new TextEncoder(BatchPool.Shared, "m"), batch.Batch));
    }

    [Fact]
    public void A_record_without_the_field_is_refused_and_so_is_one_that_would_be_two_lines()
    {
        using var batch = new Lent(Rows.Json("{\"m\":\"a\"}", "{\"x\":1}", "{\"m\":\"b\\nc\"}"));
        using var encoded = new TextEncoder(BatchPool.Shared, "m").Encode(batch.Batch);
        Assert.Equal("a\n"u8.ToArray(), encoded.Bytes.ToArray());
        Assert.Equal(1, encoded.Rows);
        Assert.Equal([(1, "no-such-field"), (2, "line-break")], encoded.Refused.Select(row => (row.Row, row.Reason)));
        Assert.Contains("The record has no field 'm'", encoded.Refused[0].Message);
    }

    [Fact]
    public void Without_such_a_column_every_record_is_refused()
    {
        using var batch = new Lent(Rows.Texts(["a"], ["1"], ["2"]));
        using var encoded = new TextEncoder(BatchPool.Shared).Encode(batch.Batch);
        Assert.Equal((0, 2), (encoded.Rows, encoded.Refused.Count));
    }
}
