using System.Text;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Encodings;

public class ByteOrderMarkTests
{
    [Theory]
    [Trait("claim", "FILE-04")]
    [InlineData("UTF-8", 3)]
    [InlineData("UTF-16LE", 2)]
    [InlineData("UTF-16BE", 2)]
    [InlineData("UTF-32LE", 4)]
    [InlineData("UTF-32BE", 4)]
    public void A_byte_order_mark_names_its_encoding(string name, int length)
    {
        var encoding = Encoding.GetEncoding(name);
        byte[] file = [.. encoding.GetPreamble(), .. encoding.GetBytes("caf\u00E9")];

        var (found, marked) = ByteOrderMark.Detect(file);

        Assert.Equal((name, length), (found, marked));
        Assert.Equal("caf\u00E9", encoding.GetString(file.AsSpan(marked)));
        Assert.Equal(encoding.CodePage, found == "UTF-8" ? 65001 : Encoding.GetEncoding(found!).CodePage);
    }

    [Fact]
    public void A_file_that_is_only_a_mark_or_starts_without_one_is_recognised()
    {
        Assert.Equal(("UTF-16LE", 2), ByteOrderMark.Detect([0xFF, 0xFE]));
        Assert.Equal((null, 0), ByteOrderMark.Detect("id,name"u8));
        Assert.Equal((null, 0), ByteOrderMark.Detect([]));
        Assert.Equal((null, 0), ByteOrderMark.Detect([0xEF, 0xBB]));
    }
}
