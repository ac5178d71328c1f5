using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats;

public class RecordReadersTests
{
    [Theory]
    [InlineData(RecordFormat.Text, typeof(TextRecordReader))]
    [InlineData(RecordFormat.JsonArray, typeof(JsonArrayRecordReader))]
    [InlineData(RecordFormat.JsonDocument, typeof(JsonDocumentRecordReader))]
    public void Each_format_has_its_reader(RecordFormat format, Type reader) =>
        Assert.IsType(reader, RecordReaders.Create(new FormatOptions { Format = format }));
}
