using System.Text;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Json;

public class NdjsonPolicyTests
{
    private static readonly FormatOptions DeadLetters = NdjsonStream.Json with { OnInvalidJson = InvalidJsonPolicy.DeadLetter };

    [Fact]
    [Trait("claim", "FILE-23")]
    public void An_invalid_line_becomes_a_text_record_and_the_rest_goes_on()
    {
        var stream = NdjsonStream.Read("{\"a\":1}\n{\"a\":\"open\n{\"a\":3}\n");

        Assert.Equal(3, stream.Records.Count);
        Assert.Equal(new Dictionary<string, string> { ["line"] = "{\"a\":\"open", ["line_number"] = "2" }, stream.Records[1].Data);
        Assert.Equal("3", stream.Records[2]["a"]);
        Assert.Equal("invalid-json-as-text 1", stream.OutcomeText);
        Assert.EndsWith(" raw -", stream.Output[1]);
        Assert.Empty(stream.Errors);
    }

    [Fact]
    [Trait("claim", "FILE-23")]
    public void A_text_record_holds_the_whole_line()
    {
        var record = NdjsonStream.Read(" not, \"json\" \r\n").Records[0];

        Assert.Equal(" not, \"json\" ", record["line"]);
        Assert.Equal(record.DeliveryId.ToString(), record.Id);
    }

    [Fact]
    public void Text_records_keep_their_order_among_columns_of_the_same_names()
    {
        var stream = NdjsonStream.Read("{\"line_number\":1,\"line\":2}\nx\n");

        Assert.Contains(" line=Text:x line_number=JsonRaw:2 raw -", stream.Output[1]);
    }

    [Theory]
    [InlineData("{\"a\":1}}", 8, "found '}', expected nothing after the JSON value")]
    [InlineData("{\"a\":1} x", 9, "found 'x', expected nothing after the JSON value")]
    [InlineData("{\"a\":}", 6, "found '}', expected a JSON value")]
    [InlineData("{\"a\" 1}", 6, "found '1', expected ':'")]
    [InlineData("{a:1}", 2, "found 'a', expected a key in double quotes or '}'")]
    [InlineData("{\"a\":1,}", 8, "found '}', expected a key in double quotes")]
    [InlineData("{\"a\":1 \"b\":2}", 8, "found '\"', expected ',' or '}'")]
    [InlineData("{\"a\":[1;2]}", 8, "found ';', expected ',' or ']'")]
    [InlineData("{\"a\":\"x", 8, "found the end, expected the closing quote of the string (control characters must be written as escapes)")]
    [InlineData("{\"a\":\"x\ty\"}", 8, "found the control character U+0009, expected the closing quote")]
    [InlineData("{\"a\":\"\\q\"}", 8, "found 'q', expected one of \" \\ / b f n r t u after the backslash")]
    [InlineData("{\"a\":\"\\u12g4\"}", 11, "found 'g', expected four hexadecimal digits after \\u")]
    [InlineData("{\"a\":01}", 7, "found '1', expected no digit after a leading zero")]
    [InlineData("{\"a\":-}", 7, "found '}', expected a digit")]
    [InlineData("{\"a\":1.}", 8, "found '}', expected a digit")]
    [InlineData("{\"a\":1e+}", 9, "found '}', expected a digit")]
    [InlineData("{\"a\":.5}", 6, "found '.', expected a JSON value")]
    [InlineData("{\"a\":nul}", 6, "found 'n', expected a JSON value")]
    [InlineData("{\"a\":1", 7, "found the end, expected ',' or '}'")]
    [InlineData("nothing€", 1, "found 'n', expected a JSON value")]
    [InlineData("{\"a\":€}", 6, "found '€', expected a JSON value")]
    public void A_dead_letter_says_where_and_what(string line, int at, string what)
    {
        foreach (var tail in (string[])["", "\n", "\r\n{}\n"])
        {
            var stream = NdjsonStream.Read("{\"a\":1}\n" + line + tail, DeadLetters);
            var error = stream.Errors.Single();

            Assert.StartsWith($"Line 2, byte {at}: {what}", error.Message);
            Assert.EndsWith(
                "Each line must be one JSON value (RFC 8259). Correct it, or choose what to do with such lines by on-invalid-json.",
                error.Message);
            Assert.Equal("invalid-json", error.Reason);
            Assert.Equal("source", error.Stage);
            Assert.Equal(line, Encoding.UTF8.GetString(error.Raw));
            Assert.Equal(2, error.Offset);
            Assert.Equal("events.json", error.Split);
            Assert.Equal(new RecordIdentity("file:/data", "events.json").At(8), error.DeliveryId);
        }
    }

    [Fact]
    public void An_invalid_line_can_stop_the_pipeline()
    {
        var stream = NdjsonStream.Read("{}\n{\n{}\n", NdjsonStream.Json with { OnInvalidJson = InvalidJsonPolicy.Fail });

        Assert.Single(stream.Records);
        Assert.Equal(FaultOwner.User, stream.Failure!.Owner);
        Assert.StartsWith("Line 2, byte 2: found the end, expected a key in double quotes or '}'.", stream.Failure.Message);
    }

    [Fact]
    public void A_rejected_row_leaves_no_columns_behind()
    {
        var stream = NdjsonStream.Read("{\"a\":1}\n{\"a\":1,\"secret\":2,\n{\"a\":1,\"secret2\":2} x\n", DeadLetters);

        Assert.Equal(2, stream.Errors.Count);
        Assert.Equal(["a"], stream.Records[0].Data.Keys);
    }

    [Theory]
    [InlineData(LongLinePolicy.DeadLetter, 1 << 22)]
    [InlineData(LongLinePolicy.DeadLetter, 1 << 17)]
    [InlineData(LongLinePolicy.Truncate, 1 << 22)]
    [InlineData(LongLinePolicy.Truncate, 1 << 17)]
    public void An_overlong_line_costs_that_line_only(LongLinePolicy policy, int bufferSize)
    {
        var options = NdjsonStream.Json with { MaxLineBytes = new ByteSize(20), OnLongLine = policy };
        var line = "{\"a\":\"" + new string('x', 3_000_000) + "\"}";
        var stream = new NdjsonStream(options) { BufferSize = bufferSize, Frames = true };
        stream.Run(Encoding.UTF8.GetBytes("{\"a\":1}\n" + line + "\n{\"a\":3}\n"));

        Assert.Equal("1", stream.Records[0]["a"]);
        Assert.Equal("3", stream.Records[^1]["a"]);
        Assert.Equal(3, stream.States[^1].Line);
        Assert.Equal(bufferSize < line.Length, stream.States.Any(state => !state.IsRestartPoint));
        Assert.All(stream.BufferSizes, size => Assert.True(size <= 1 << 22));
        if (policy == LongLinePolicy.Truncate)
        {
            Assert.Equal(line[..20], stream.Records[1]["line"]);
            Assert.Equal("invalid-json-as-text 1, line-truncated 1", stream.OutcomeText);
            return;
        }

        var error = stream.Errors.Single();
        Assert.Equal("line-too-long", error.Reason);
        Assert.Equal("Line 2 is longer than max-line-bytes allows (20). Raise max-line-bytes to keep such lines whole.", error.Message);
        Assert.Equal(line[..RecordError.MaxRawBytes], Encoding.UTF8.GetString(error.Raw));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void A_line_may_be_as_long_as_allowed(string separator)
    {
        var options = NdjsonStream.Json with { MaxLineBytes = new ByteSize(16) };
        for (var size = 1; size < 40; size++)
        {
            var stream = new NdjsonStream(options) { BufferSize = size };
            stream.Run(Encoding.UTF8.GetBytes($"{{\"a\":\"45678901\"}}{separator}{{\"a\":\"456789012\"}}{separator}{{}}{separator}"));

            Assert.Equal(2, stream.Records.Count);
            Assert.Equal(2, stream.Errors.Single().Offset);
        }
    }

    [Fact]
    public void An_overlong_line_can_be_truncated_to_text()
    {
        var options = NdjsonStream.Json with { MaxLineBytes = new ByteSize(16), OnLongLine = LongLinePolicy.Truncate };
        for (var size = 1; size < 60; size++)
        {
            var stream = new NdjsonStream(options) { BufferSize = size };
            stream.Run(Encoding.UTF8.GetBytes("123456789012345678901234567890\n{\"a\":\"890123€567890\"}\n1"));

            Assert.Equal("1234567890123456", stream.Records[0]["line"]);
            Assert.Equal("{\"a\":\"890123", stream.Records[1]["line"]![..12]);
            Assert.Equal("invalid-json-as-text 2, line-truncated 2", stream.OutcomeText);
            Assert.Equal("1", stream.Records[2]["value"]);
        }
    }

    [Fact]
    public void An_overlong_line_can_stop_the_pipeline()
    {
        var options = NdjsonStream.Json with { MaxLineBytes = new ByteSize(16), OnLongLine = LongLinePolicy.Fail };

        var stream = NdjsonStream.Read("{}\n" + new string(' ', 17) + "\n{}", options);

        Assert.Single(stream.Records);
        Assert.StartsWith("Line 2 is longer than max-line-bytes allows (16).", stream.Failure!.Message);
    }

    [Fact]
    public void Invalid_bytes_are_replaced_and_counted()
    {
        byte[] bytes = [.. "{\"a\":1}\n{\"k\":\"x"u8, 0xFF, .. "y\",\"id\":\""u8, 0xC3, .. "\"}\n"u8, 0x80, .. "\n{\"a\":2}\n"u8];
        var stream = NdjsonStream.Read(bytes);

        Assert.Equal("x\uFFFDy", stream.Records[1]["k"]);
        Assert.Equal("\uFFFD", stream.Records[1].Id);
        Assert.Equal("\uFFFD", stream.Records[2]["line"]);
        Assert.Equal("2", stream.Records[3]["a"]);
        Assert.EndsWith(" raw -", stream.Output[1]);
        Assert.Equal("invalid-bytes-replaced 2, invalid-json-as-text 1", stream.OutcomeText);
    }

    [Fact]
    public void Invalid_bytes_can_be_dead_letters()
    {
        var options = NdjsonStream.Json with { OnInvalidBytes = InvalidBytesPolicy.DeadLetter };
        var stream = NdjsonStream.Read([.. "{}\n{\"k\":\"x"u8, 0xFF, .. "y\"}\n{}\n"u8], options);

        var error = stream.Errors.Single();
        Assert.Equal("invalid-bytes", error.Reason);
        Assert.StartsWith("Line 2 holds bytes that are invalid in UTF-8, the first at byte 8 of the line.", error.Message);
        Assert.Equal(2, stream.Records.Count);
    }

    [Fact]
    public void Invalid_bytes_can_stop_the_pipeline()
    {
        var options = NdjsonStream.Json with { OnInvalidBytes = InvalidBytesPolicy.Fail };

        var stream = NdjsonStream.Read([.. "{}\n"u8, (byte)'"', 0xFF, (byte)'"'], options);

        Assert.Single(stream.Records);
        Assert.EndsWith("on-invalid-bytes can also be replace or dead-letter.", stream.Failure!.Message);
    }
}
