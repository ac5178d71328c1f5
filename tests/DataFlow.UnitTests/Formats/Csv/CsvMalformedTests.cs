using System.Text;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Csv;

/// <summary>What becomes of bad rows. Each text has the header a,b,c on line 1 and good rows around the bad one.</summary>
public class CsvMalformedTests
{
    [Theory]
    [InlineData("1,2", "too-few-fields at 3")]
    [InlineData("1,2,3,4", "too-many-fields at 3")]
    [InlineData("1,5\" disk,3", "stray-quote at 3")]
    [InlineData("1,2,3\"", "stray-quote at 3")]
    [InlineData("1,\"two\"x,3", "text-after-quote at 3")]
    [InlineData("1,\"two\" ,3", "text-after-quote at 3")]
    [InlineData("1,\"two,3", "unclosed-quote at 3")]
    [InlineData("\"", "unclosed-quote at 3")]
    public void Skip_sets_the_row_aside_and_never_the_next(string row, string error)
    {
        Assert.Equal(["a=x|b=y|c=z", "a=u|b=v|c=w", error], Outcome(row, MalformedPolicy.Skip, "u,v,w\n"));
        Assert.Equal(["a=x|b=y|c=z", error], Outcome(row, MalformedPolicy.Skip, ""));
    }

    [Theory]
    [InlineData("1,2", "a=1|b=2")]
    [InlineData("1", "a=1")]
    public void Pad_leaves_missing_fields_absent(string row, string record)
    {
        var run = Csv.Read($"a,b,c\nx,y,z\n{row}\nu,v,w\n", new FormatOptions { OnMalformed = MalformedPolicy.Pad });

        Assert.Equal(["a=x|b=y|c=z", record, "a=u|b=v|c=w"], run.Records);
        Assert.Equal(1, run.Outcomes["padded"]);
        Assert.Empty(run.Errors);
    }

    [Theory]
    [InlineData("1,2,3,4", "too-many-fields at 3")]
    [InlineData("1,5\" disk", "stray-quote at 3")]
    [InlineData("1,\"2\"x", "text-after-quote at 3")]
    public void Pad_skips_other_bad_rows(string row, string error) =>
        Assert.Equal(["a=x|b=y|c=z", "a=u|b=v|c=w", error], Outcome(row, MalformedPolicy.Pad, "u,v,w\n"));

    [Theory]
    [InlineData("1,2", "a=1|b=2")]
    [InlineData("1,2,3,4,5", "a=1|b=2|c=3|extra1=4|extra2=5")]
    [InlineData("1,2,3,,", "a=1|b=2|c=3")]
    [InlineData("1,2,3,,5", "a=1|b=2|c=3|extra2=5")]
    [InlineData("1,5\" disk,3", "a=1|b=5\" disk|c=3")]
    [InlineData("1,\"two\"x,3", "a=1|b=twox|c=3")]
    [InlineData("1,\"t\"\"wo\" x\"y\",3", "a=1|b=t\"wo x\"y\"|c=3")]
    [InlineData("1,\"two,3", "a=1|b=\"two|c=3")]
    [InlineData("1,2,\"three", "a=1|b=2|c=\"three")]
    public void Keep_repairs_the_row(string row, string record)
    {
        var run = Csv.Read($"a,b,c\nx,y,z\n{row}\nu,v,w\n", new FormatOptions { OnMalformed = MalformedPolicy.Keep });

        Assert.Equal(["a=x|b=y|c=z", record, "a=u|b=v|c=w"], run.Records);
        Assert.Equal(1, run.Outcomes["repaired"]);
        Assert.Empty(run.Errors);
    }

    [Fact]
    public void Surplus_columns_get_names_that_are_free() =>
        Assert.Equal(
            ["extra1=1|extra1_2=2"], Csv.Outcome("extra1\n1,2\n", new FormatOptions { OnMalformed = MalformedPolicy.Keep }));

    [Theory]
    [InlineData("1,2", "Line 3: expected 3 fields as in the header, found 2.")]
    [InlineData("1,\"2\"x,3", "Line 3, field 2: there is text after the closing quote.")]
    [InlineData("1,2,\"3", "Line 3, field 3: the quoted field is not closed within 1000 lines")]
    [InlineData("1,2\",3", "Line 3, field 2: a quote stands in an unquoted field.")]
    public void Fail_ends_the_run_with_a_sentence(string row, string message) =>
        Assert.StartsWith(
            message,
            Csv.Failure($"a,b,c\nx,y,z\n{row}\nu,v,w\n", new FormatOptions { OnMalformed = MalformedPolicy.Fail }),
            StringComparison.Ordinal);

    [Fact]
    public void Fail_gives_the_rows_before_first()
    {
        var reader = new CsvRecordReader(new FormatOptions { OnMalformed = MalformedPolicy.Fail });
        using var first = new LentBatch("a,b\n1,2\nbad\n3,4\n");
        using var second = new LentBatch("bad\n3,4\n");

        Assert.Equal(8, reader.Read(first.Batch, isFinal: true, 100));
        Assert.Equal(1, first.Batch.RowCount);
        Assert.Equal(2, reader.State.Line);
        Assert.Throws<ConnectorException>(() => reader.Read(second.Batch, isFinal: true, 100));
    }

    [Fact]
    public void Text_after_a_quote_costs_the_first_physical_line_only()
    {
        var run = Csv.Read("a,b\n1,\"x\n2,y\n3,\"z\"\n");

        Assert.Equal(["a=2|b=y", "a=3|b=z"], run.Records);
        Assert.Equal("1,\"x", Encoding.UTF8.GetString(run.Errors.Single().Raw));
    }

    [Fact]
    public void Each_unclosed_quote_costs_its_own_line()
    {
        var run = Csv.Read("a,b\n1,\"x\n2,y\n3,\"z\n4,u\n");

        Assert.Equal(["a=2|b=y", "a=4|b=u"], run.Records);
        Assert.Equal([2, 4], run.Errors.Select(error => error.Offset));
    }

    [Fact]
    public void Without_header_the_first_good_row_tells_how_many_fields_there_are() =>
        Assert.Equal(
            ["field0=1|field1=2", "stray-quote at 1", "too-many-fields at 3"],
            Csv.Outcome("x\"y\n1,2\n3,4,5\n", Csv.NoHeader));

    [Theory]
    [InlineData("a,\"b\nc,d\n", "Line 1, field 2: the quoted field is not closed")]
    [InlineData("a,b,c,d\n", "Line 1: expected at most 3 fields (max-fields), found 4.")]
    [InlineData("a,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "Line 1 is longer than max-line-bytes (32)")]
    public void A_header_that_cannot_be_trusted_ends_the_run(string text, string message)
    {
        var failure = Csv.Failure(text, new FormatOptions { MaxFields = 3, MaxLineBytes = new ByteSize(32) });

        Assert.StartsWith(message, failure, StringComparison.Ordinal);
        Assert.Contains("This is the header", failure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_with_odd_quotes_is_repaired()
    {
        var run = Csv.Read("5\" disk,\"b\"x\n1,2\n");

        Assert.Equal(["5\" disk=1|bx=2"], run.Records);
        Assert.Equal(1, run.Outcomes["repaired"]);
    }

    [Fact]
    public void An_error_has_the_delivery_id_of_the_rows_place()
    {
        var error = Csv.Read("a,b\n1,2\n3\n").Errors.Single();

        Assert.Equal(new RecordIdentity("test", "split").At(8), error.DeliveryId);
    }

    private static string[] Outcome(string row, MalformedPolicy policy, string after) =>
        Csv.Outcome($"a,b,c\nx,y,z\n{row}\n{after}", new FormatOptions { OnMalformed = policy });
}
