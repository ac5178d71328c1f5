using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Csv;

public class CsvDialectTests
{
    [Theory]
    [InlineData("\t", "a\tb\n1\t2\n")]
    [InlineData("\\t", "a\tb\n1\t2\n")]
    [InlineData(";", "a;b\n1;2\n")]
    [InlineData("||", "a||b\n1||2\n")]
    [InlineData("::", "\"a\"::b\n\"1\"::2\n")]
    [InlineData("\u00A7", "a\u00A7b\n1\u00A72\n")]
    public void A_delimiter_is_one_or_more_characters(string delimiter, string text) =>
        Assert.Equal(["a=1|b=2"], Csv.Outcome(text, new FormatOptions { Delimiter = delimiter }));

    [Fact]
    public void Half_a_delimiter_is_an_ordinary_character() =>
        Assert.Equal(["a=1|2|b=3|"], Csv.Outcome("a||b\n1|2||3|\n", new FormatOptions { Delimiter = "||" }));

    [Theory]
    [InlineData("auto", "a,b\r\n1,2\n3,4\r\n")]
    [InlineData("auto", "a,b\n1,2\n3,4")]
    [InlineData("lf", "a,b\n1,2\n3,4\n")]
    [InlineData("crlf", "a,b\r\n1,2\r\n3,4\r\n")]
    [InlineData("CR", "a,b\r1,2\r3,4\r")]
    [InlineData("cr", "a,b\r1,2\r3,4")]
    [InlineData("~~", "a,b~~1,2~~3,4~~")]
    [InlineData("|\\n", "a,b|\n1,2|\n3,4")]
    public void A_record_separator_ends_records(string separator, string text) =>
        Assert.Equal(["a=1|b=2", "a=3|b=4"], Csv.Outcome(text, new FormatOptions { RecordSeparator = separator }));

    [Theory]
    [InlineData("auto", "a,b\n1,x\ry\n", "a=1|b=x\ry")]
    [InlineData("lf", "a,b\n1,x\r\n", "a=1|b=x\r")]
    [InlineData("crlf", "a,b\r\n1,x\ny\r\n", "a=1|b=x\ny")]
    [InlineData("cr", "a,b\r1,x\ny\r", "a=1|b=x\ny")]
    [InlineData("~~", "a,b~~1,x~y~~", "a=1|b=x~y")]
    public void What_is_no_separator_is_data(string separator, string text, string record) =>
        Assert.Equal([record], Csv.Outcome(text, new FormatOptions { RecordSeparator = separator }));

    [Fact]
    public void A_separator_may_stand_in_quotes() =>
        Assert.Equal(["a=1|b=x\ry"], Csv.Outcome("a,b\r1,\"x\ry\"\r", new FormatOptions { RecordSeparator = "cr" }));

    [Theory]
    [InlineData("'", "'", "'it''s','a,b'", "it's", "a,b")]
    [InlineData("'", "'", "\"x\",'\"'", "\"x\"", "\"")]
    [InlineData("\"", "\\", "\"a\\\"b\",\"c\\\\\"", "a\"b", "c\\")]
    [InlineData("\"", "\\", "\"a\\nb\",\"\\x\"", "a\\nb", "\\x")]
    [InlineData("'", "\\", "'a\\'b',c", "a'b", "c")]
    [InlineData("\"", "", "\"a\\\",b", "a\\", "b")]
    [InlineData("", "", "\"a,b\"", "\"a", "b\"")]
    [InlineData("\u00AB", "\u00AB", "\u00ABx,y\u00AB,\u00AB\u00AB\u00AB\u00AB", "x,y", "\u00AB")]
    public void Quote_and_escape_can_be_chosen(string quote, string escape, string row, string first, string second) =>
        Assert.Equal([$"field0={first}|field1={second}"], Csv.Outcome(row + "\n", Csv.NoHeader with { Quote = quote, Escape = escape }));

    [Fact]
    public void Lines_that_start_with_the_comment_are_left_out_but_counted()
    {
        var options = new FormatOptions { Comment = "#" };
        var run = Csv.Read("# made by hand\na,b\n#1,\"2\n3,#4\n5,6,7\n", options);

        Assert.Equal(["a=3|b=#4"], run.Records);
        Assert.Equal(5, run.Errors.Single().Offset);
    }

    [Theory]
    [InlineData(" x , y\t,z ", "a=x|b=y|c=z")]
    [InlineData("\" x \" , \"y\",z", "a= x |b=y|c=z")]
    [InlineData(",  ,", "a=|b=|c=")]
    public void Trim_removes_blanks_around_fields_but_not_in_quotes(string row, string record) =>
        Assert.Equal([record], Csv.Outcome($"a, b ,c\n{row}\n \t\n", new FormatOptions { Trim = true }));

    [Fact]
    public void Blanks_stay_without_trim() => Assert.Equal(["a= x |b=\ty"], Csv.Outcome("a,b\n x ,\ty\n"));

    [Fact]
    public void A_tab_that_delimits_is_no_blank() =>
        Assert.Equal(["a=|b=x"], Csv.Outcome("a\tb\n\tx \n", new FormatOptions { Trim = true, Delimiter = "\t" }));

    [Theory]
    [InlineData("NULL", "NULL,\"NULL\",null", "a=<null>|b=NULL|c=null")]
    [InlineData("\\N", "\\N,,x", "a=<null>|b=|c=x")]
    [InlineData("", ",\"\",x", "a=<null>|b=|c=x")]
    [InlineData(null, ",\"\",NULL", "a=|b=|c=NULL")]
    public void An_unquoted_field_that_is_the_null_token_is_null(string? token, string row, string record) =>
        Assert.Equal([record], Csv.Outcome($"a,b,c\n{row}\n", new FormatOptions { NullToken = token }));

    [Fact]
    public void Lines_to_skip_come_before_the_header_and_are_not_parsed()
    {
        var run = Csv.Read("exported \"today\n\na,b\n1,2\n1\n", new FormatOptions { SkipRows = 2 });

        Assert.Equal(["a=1|b=2"], run.Records);
        Assert.Equal(5, run.Errors.Single().Offset);
    }

    [Theory]
    [InlineData("a,a,b,a\n1,2,3,4\n", "a=1|a_2=2|b=3|a_3=4")]
    [InlineData("a,a,a_2\n1,2,3\n", "a=1|a_3=2|a_2=3")]
    [InlineData(",b,\n1,2,3\n", "field0=1|b=2|field2=3")]
    [InlineData(",field0\n1,2\n", "field0_2=1|field0=2")]
    [InlineData("\"first, \"\"name\"\"\",\"two\nlines\"\n1,2\n", "first, \"name\"=1|two\nlines=2")]
    public void Header_names_are_filled_and_made_unique(string text, string record) => Assert.Equal([record], Csv.Outcome(text));

    [Fact]
    public void Several_header_rows_are_joined_with_a_space() =>
        Assert.Equal(
            ["sales 2025=1|sales 2026=2|note=3"],
            Csv.Outcome("sales,sales,\n\n2025,2026,note\n1,2,3\n", new FormatOptions { HeaderRows = 2 }));

    [Theory]
    [InlineData("")]
    [InlineData("\n\r\n\n")]
    [InlineData("a,b\n")]
    [InlineData("a,b")]
    public void An_empty_stream_or_a_header_alone_gives_no_record(string text) => Assert.Empty(Csv.Outcome(text));

    [Theory]
    [InlineData("delimiter", "", "\"", "auto")]
    [InlineData("delimiter", "\"", "\"", "auto")]
    [InlineData("delimiter", "\n", "\"", "auto")]
    [InlineData("delimiter", "\r", "\"", "auto")]
    [InlineData("quote", ",", "|", "||")]
    [InlineData("record-separator", ",", "\"", "")]
    public void Delimiter_quote_and_separator_must_differ(string key, string delimiter, string quote, string separator)
    {
        var options = new FormatOptions { Delimiter = delimiter, Quote = quote, RecordSeparator = separator };

        Assert.Equal(key, Assert.Throws<OptionException>(() => new CsvRecordReader(options)).Key);
    }
}
