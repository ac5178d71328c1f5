using System.Text;
using CsCheck;
using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Encodings;

public class TranscoderTests
{
    private const string Western = "Gr\u00FC\u00DFe, caf\u00E9 \u00F1and\u00FA\r\nplain ASCII line\n";
    private const string Everywhere =
        "\u20AC \u65E5\u672C\u8A9E \U0001F600\U0001F468 \u0420\u0443\u0441\u0441\u043A\u0438\u0439\n" + Western;
    private const string Japanese = "\u65E5\u672C\u8A9E\u306E\u30C6\u30AD\u30B9\u30C8, ASCII \uFF76\uFF85\n\u8868\u793A\n";

    static TranscoderTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    [Theory]
    [Trait("claim", "FILE-04")]
    [InlineData("UTF-16", Everywhere)]
    [InlineData("utf-16le", Everywhere)]
    [InlineData("UTF-16BE", Everywhere)]
    [InlineData("UTF-32", Everywhere)]
    [InlineData("UTF-32BE", Everywhere)]
    [InlineData("ISO-8859-1", Western)]
    [InlineData("latin1", Western)]
    [InlineData("windows-1252", Western + "\u20AC \u201Cquoted\u201D \u2013")]
    [InlineData("windows-1251", "\u0420\u0443\u0441\u0441\u043A\u0438\u0439")]
    [InlineData("US-ASCII", "plain ASCII line\n")]
    [InlineData("shift_jis", Japanese)]
    [InlineData("932", Japanese)]
    [InlineData("EUC-JP", "\u65E5\u672C\u8A9E\u306E\u30C6\u30AD\u30B9\u30C8, ASCII\n")]
    [InlineData("iso-2022-jp", "\u65E5\u672C\u8A9E\u306E, ASCII\n\u8868")]
    [InlineData("GB18030", Everywhere)]
    [InlineData("big5", "\u4E2D\u6587 ASCII\n")]
    [InlineData("IBM037", "HELLO, world 42")]
    public void Text_in_any_encoding_of_NET_becomes_UTF8_however_it_is_cut(string name, string text)
    {
        var encoding = int.TryParse(name, out var page) ? Encoding.GetEncoding(page) : Encoding.GetEncoding(name);
        var bytes = encoding.GetBytes(text);

        foreach (var chunk in new[] { 1, 2, 3, 5, 7, bytes.Length })
        {
            Assert.Equal(text, Encoding.UTF8.GetString(Decode(name, bytes, chunk)));
            Assert.Equal(text, Encoding.UTF8.GetString(Decode(name, bytes, chunk, room: Transcoder.MinOutput)));
        }
    }

    [Theory]
    [Trait("claim", "FILE-04")]
    [InlineData("UTF-16")]
    [InlineData("UTF-16BE")]
    [InlineData("UTF-32")]
    [InlineData("UTF-32BE")]
    [InlineData("GB18030")]
    public void Surrogates_and_characters_of_several_bytes_may_be_split_anywhere(string name)
    {
        var bytes = Encoding.GetEncoding(name).GetBytes("a\U0001F600\u20ACb\U0010FFFF\u00E9");

        for (var first = 0; first <= bytes.Length; first++)
        {
            for (var second = first; second <= bytes.Length; second++)
            {
                var parts = new[] { bytes[..first], bytes[first..second], bytes[second..] };
                Assert.Equal("a\U0001F600\u20ACb\U0010FFFF\u00E9", Encoding.UTF8.GetString(Decode(name, parts)));
            }
        }
    }

    [Theory]
    [InlineData("UTF-8")]
    [InlineData("utf8")]
    [InlineData("65001")]
    [Trait("claim", "FILE-04")]
    public void UTF8_needs_no_transcoder(string name) => Assert.Null(Transcoder.Create(name));

    [Fact]
    [Trait("claim", "FILE-04")]
    public void The_default_encoding_is_UTF8() => Assert.Equal("UTF-8", new FormatOptions().Encoding);

    [Theory]
    [Trait("claim", "FILE-04")]
    [InlineData("UFT-8", "utf-8")]
    [InlineData("Latin-1", "latin1")]
    [InlineData("window-1252", "windows-1252")]
    [InlineData("iso-8859-1x", "iso-8859-1,")]
    [InlineData("shiftjis", "shift_jis")]
    [InlineData("klingon", "No name is similar. Others in use are UTF-8")]
    [InlineData("", "UTF-8")]
    [InlineData("0", "UTF-8")]
    [InlineData("utf-7", "UTF-8")]
    public void An_unknown_encoding_is_refused_with_similar_names(string name, string similar)
    {
        var error = Assert.Throws<OptionException>(() => Transcoder.Create(name));

        Assert.Equal("encoding", error.Key);
        Assert.StartsWith($"'{name}' is no text encoding that .NET knows.", error.Message);
        Assert.Contains(similar, error.Message);
    }

    [Theory]
    [Trait("claim", "FILE-25")]
    [InlineData("US-ASCII", new byte[] { 0x61, 0xE9, 0xC3, 0x62 }, new byte[] { 0x61, 0xFF, 0xFF, 0x62 })]
    [InlineData("UTF-16", new byte[] { 0x61, 0, 0x00, 0xD8, 0x62, 0 }, new byte[] { 0x61, 0xFF, 0x62 })]
    [InlineData("UTF-16BE", new byte[] { 0, 0x61, 0xDC, 0x00, 0, 0x62 }, new byte[] { 0x61, 0xFF, 0x62 })]
    [InlineData("UTF-16", new byte[] { 0x61, 0, 0x62 }, new byte[] { 0x61, 0xFF })]
    [InlineData("UTF-16", new byte[] { 0x3D, 0xD8, 0x00 }, new byte[] { 0xFF, 0xFF })]
    [InlineData("UTF-16", new byte[] { 0xFF, 0xFF, 0xFD, 0xFF }, new byte[] { 0xEF, 0xBF, 0xBF, 0xEF, 0xBF, 0xBD })]
    [InlineData("UTF-32", new byte[] { 0, 0xD8, 0, 0, 0x61, 0, 0, 0, 0x61, 0 }, new byte[] { 0xFF, 0x61, 0xFF })]
    [InlineData("shift_jis", new byte[] { 0x61, 0x93 }, new byte[] { 0x61, 0xFF })]
    public void What_is_invalid_in_the_encoding_is_an_invalid_byte_afterwards(string name, byte[] input, byte[] utf8)
    {
        for (var chunk = 1; chunk <= input.Length; chunk++)
        {
            Assert.Equal(utf8, Decode(name, input, chunk));
        }
    }

    [Fact]
    public void The_output_does_not_depend_on_how_the_input_is_cut() =>
        Gen.Select(
            Gen.OneOf(
                "UTF-16", "UTF-16BE", "UTF-32", "UTF-32BE", "windows-1252", "shift_jis", "GB18030",
                "EUC-KR", "EUC-JP", "iso-2022-jp", "hz-gb-2312", "57002"),
            Gen.OneOf(Gen.Byte, Gen.OneOf<byte>(0, 0x61, 0xD8, 0xDC, 0x1B, 0x24, 0x42, 0x81, 0x30)).Array[0, 100],
            Gen.Int[1, 20],
            Gen.Int[Transcoder.MinOutput, 100]).Sample(
            (name, bytes, chunk, room) => Assert.Equal(Decode(name, bytes, bytes.Length + 1), Decode(name, bytes, chunk, room)),
            iter: 5000);

    [Fact]
    public void Every_encoding_of_NET_makes_UTF8_or_the_one_invalid_byte()
    {
        var all = Enumerable.Range(0, 4096).Select(index => (byte)((index * 31) ^ (index >> 8))).ToArray();

        foreach (var info in Encoding.GetEncodings().Where(info => info.CodePage != Encoding.UTF8.CodePage))
        {
            var valid = Decode(info.Name, all, 1000).Where(value => value != Transcoder.Invalid).ToArray();

            Assert.True(System.Text.Unicode.Utf8.IsValid(valid), info.Name);
            Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(valid));
        }
    }

    [Theory]
    [InlineData("UTF-16BE")]
    [InlineData("windows-1252")]
    [InlineData("shift_jis")]
    public void Decoding_allocates_nothing_per_call(string name)
    {
        var transcoder = Transcoder.Create(name)!;
        var input = Encoding.GetEncoding(name).GetBytes(string.Concat(Enumerable.Repeat("a plain line\n", 100)));
        var output = new byte[8192];
        transcoder.Decode(input, output, flush: false, out _, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var call = 0; call < 100; call++)
        {
            transcoder.Decode(input, output, flush: false, out _, out _);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    [Trait("claim", "FILE-25")]
    public void Bytes_invalid_in_the_encoding_are_replaced_and_counted_in_the_record_they_stand_in()
    {
        var utf8 = Decode("US-ASCII", [.. "caf"u8, 0xE9, .. "\nplain\n"u8], 3);

        var run = ReaderRun.Of(new TextRecordReader(new FormatOptions { Format = RecordFormat.Text, Encoding = "US-ASCII" }), utf8);

        Assert.Equal(["line=caf\uFFFD|line_number=1", "line=plain|line_number=2"], run.Records);
        Assert.Equal(1, run.Outcomes["invalid-bytes-replaced"]);
    }

    private static byte[] Decode(string name, byte[] input, int chunk, int room = 4096) =>
        Decode(name, input.Chunk(Math.Max(chunk, 1)), room);

    private static byte[] Decode(string name, IEnumerable<byte[]> parts, int room = 4096)
    {
        var transcoder = Transcoder.Create(name)!;
        var output = new List<byte>();
        var buffer = new byte[room];
        byte[][] all = [.. parts, []];
        for (var part = 0; part < all.Length; part++)
        {
            var rest = all[part].AsSpan();
            do
            {
                transcoder.Decode(rest, buffer, flush: part >= all.Length - 2, out var consumed, out var written);
                output.AddRange(buffer.AsSpan(0, written));
                rest = rest[consumed..];
            }
            while (!rest.IsEmpty);
        }

        return [.. output];
    }
}
