using System.Text;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Csv;

/// <summary>What the guide says about CSV files.</summary>
public class CsvClaimTests
{
    private const string Users = "id,name,email,age\n1,Alice,alice@example.com,30\n2,Bob,bob@example.com,25\n";

    [Fact]
    [Trait("claim", "FILE-10")]
    public void Data_has_one_entry_per_column_keyed_by_header_name()
    {
        var records = Records(Users);

        Assert.Equal(["1", "2"], records.Select(record => record.Id));
        Assert.Equal(
            new Dictionary<string, string> { ["id"] = "1", ["name"] = "Alice", ["email"] = "alice@example.com", ["age"] = "30" },
            records[0].Data);
        Assert.Equal("Bob", records[1]["name"]);
    }

    [Fact]
    [Trait("claim", "FILE-11")]
    public void The_id_is_the_value_of_the_first_column()
    {
        var records = Records("sku,id\nA-1,7\n,8\n");

        Assert.Equal("A-1", records[0].Id);
        Assert.Equal(records[1].DeliveryId.ToString(), records[1].Id);
    }

    [Fact]
    [Trait("claim", "FILE-12")]
    public void The_first_data_row_has_line_number_2()
    {
        using var lent = new LentBatch(Users);
        new CsvRecordReader(new FormatOptions()).Read(lent.Batch, isFinal: true, 100);

        Assert.Equal(2, lent.Batch.LineOf(0));
        Assert.Equal(3, lent.Batch.LineOf(1));
    }

    [Fact]
    [Trait("claim", "FILE-12")]
    public void The_line_number_is_the_physical_line_where_the_row_starts()
    {
        using var lent = new LentBatch("a,b\n\n1,\"two\r\nlines\"\n\r\n2,x\n");
        new CsvRecordReader(new FormatOptions()).Read(lent.Batch, isFinal: true, 100);

        Assert.Equal(3, lent.Batch.LineOf(0));
        Assert.Equal(6, lent.Batch.LineOf(1));
    }

    [Fact]
    [Trait("claim", "FILE-13")]
    public void Without_header_the_keys_are_field0_and_so_on()
    {
        var record = Records("1,Alice,alice@example.com,30\n", Csv.NoHeader).Single();

        Assert.Equal(["field0", "field1", "field2", "field3"], record.Data.Keys);
        Assert.Equal("Alice", record["field1"]);
    }

    [Fact]
    [Trait("claim", "FILE-14")]
    public void Without_header_the_id_is_a_generated_uuid()
    {
        var record = Records("1,Alice\n", Csv.NoHeader).Single();

        Assert.True(Guid.TryParse(record.Id, out var id));
        Assert.Equal(record.DeliveryId, id);
    }

    [Fact]
    [Trait("claim", "FILE-22")]
    public void A_malformed_line_is_skipped_and_the_rest_goes_on()
    {
        var run = Csv.Read("id,name\n1,Alice\n2,Bob,surplus\n3\n4,Dora\n");

        Assert.Equal(["id=1|name=Alice", "id=4|name=Dora"], run.Records);
        Assert.Equal(["2,Bob,surplus", "3"], run.Errors.Select(error => Encoding.UTF8.GetString(error.Raw)));
        Assert.All(run.Errors, error => Assert.Equal(("source", "split"), (error.Stage, error.Split)));
    }

    [Theory]
    [Trait("claim", "FILE-28")]
    [InlineData("\"a,b\"", "a,b")]
    [InlineData("\"say \"\"hi\"\"\"", "say \"hi\"")]
    [InlineData("\"two\nlines\"", "two\nlines")]
    [InlineData("\"two\r\nlines\"", "two\r\nlines")]
    [InlineData("\"\"", "")]
    [InlineData("\"\"\"\"", "\"")]
    [InlineData("\",\"\"\n\"", ",\"\n")]
    public void Quoted_fields_may_hold_delimiter_quote_and_newline(string written, string value)
    {
        var records = Records($"a,b,c\n{written},{written},{written}\r\n1,2,3\n");

        Assert.Equal([value, value, value], records[0].Data.Values);
        Assert.Equal("1", records[1]["a"]);
    }

    [Fact]
    [Trait("claim", "FILE-31")]
    public void The_warning_shows_line_number_expected_and_found_counts()
    {
        var error = Csv.Read("id,name,age\n1,Alice,30\n2,Bob\n").Errors.Single();

        Assert.Equal(3, error.Offset);
        Assert.StartsWith(
            "Line 3: expected 3 fields as in the header, found 2. Check the delimiter ','", error.Message, StringComparison.Ordinal);
    }

    private static DataRecord[] Records(string text, FormatOptions? options = null)
    {
        using var lent = new LentBatch(text);
        new CsvRecordReader(options ?? new FormatOptions()).Read(lent.Batch, isFinal: true, 100);
        return [.. Enumerable.Range(0, lent.Batch.RowCount).Select(row => DataRecord.From(lent.Batch, row))];
    }
}
