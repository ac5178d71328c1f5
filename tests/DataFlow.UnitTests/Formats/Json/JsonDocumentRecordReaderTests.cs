using System.Text;
using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Json;

public class JsonDocumentRecordReaderTests
{
    private static readonly FormatOptions Options = new() { Format = RecordFormat.JsonDocument };

    [Fact]
    public void The_whole_stream_is_one_record()
    {
        var run = Read("{\n  \"id\": 1,\n  \"list\": [\n    1,\n    2\n  ]\n}\n");

        Assert.Equal(["id=1|list=[1,2]"], run.Records);
        Assert.Equal(7, run.State.Line);
        Assert.Equal(["value=[1, 2]"], Read("[1, 2]").Records);
    }

    [Fact]
    public void Several_documents_are_a_record_each()
    {
        var run = Read("{\"a\":1}{\"a\":2}\n\n  {\"a\":\n3} 42 true\"x\"\n7");

        Assert.Equal(["a=1", "a=2", "a=3", "value=42", "value=true", "value=\"x\"", "value=7"], run.Records);
        Assert.Equal(5, run.State.Line);
    }

    [Theory]
    [InlineData("{\"a\":1}\n{\"a\":\n", "{\"a\":\n", "Line 2: the stream ends inside the value.")]
    [InlineData("{\"a\":1}\n\n}{\"a\":2}", "}{\"a\":2}", "Line 3: '}' is an invalid start of a value.")]
    [InlineData("{\"a\":1}nul", "nul", "Line 1: the stream ends inside the value.")]
    public void From_a_fault_on_the_rest_is_one_bad_record(string text, string raw, string message)
    {
        var run = Read(text, Options with { OnInvalidJson = InvalidJsonPolicy.DeadLetter });

        Assert.Equal(["a=1"], run.Records);
        var error = Assert.Single(run.Errors);
        Assert.Equal(raw, Encoding.UTF8.GetString(error.Raw));
        Assert.StartsWith(message, error.Message);
    }

    [Fact]
    public void A_longer_document_costs_that_document_only()
    {
        var run = Read("1 [\"0123456789012345678\"] 2", Options with { MaxLineBytes = new ByteSize(16) });

        Assert.Equal(["value=1", "value=2"], run.Records);
        Assert.Equal("line-too-long", Assert.Single(run.Errors).Reason);
    }

    private static ReaderRun Read(string text, FormatOptions? options = null, int chunk = 1 << 20) =>
        ReaderRun.Of(new JsonDocumentRecordReader(options ?? Options), text, chunk);
}
