using CsCheck;
using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Configuration;

public class TextFormatTests
{
    [Fact]
    public void Every_duration_that_is_printed_is_read_back() =>
        Gen.Long[0, TimeSpan.MaxValue.Ticks].Select(Gen.Int[0, 4]).Sample((ticks, scale) =>
        {
            // Round values have their own paths through the printer.
            long[] units = [1, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerSecond, TimeSpan.TicksPerHour, TimeSpan.TicksPerDay];
            var duration = new TimeSpan(ticks - (ticks % units[scale]));
            return DurationText.TryParse(DurationText.Format(duration), "ms", out var read) && read == duration;
        });

    [Fact]
    public void Every_size_that_is_printed_is_read_back() =>
        Gen.Long[0, long.MaxValue].Select(Gen.Int[0, 40]).Sample((bytes, bits) =>
        {
            var size = new ByteSize(bytes >> bits << bits);
            return ByteSize.TryParse(size.ToString(), out var read) && read == size;
        });

    [Fact]
    public void No_text_makes_the_readers_throw() => Gen.String.Sample(text =>
    {
        DurationText.TryParse(text, "s", out _);
        ByteSize.TryParse(text, out _);
    });

    [Theory]
    [InlineData("79228162514264337593543950335GiB")]
    [InlineData("9223372036854775808")]
    [InlineData("1.5B")]
    [InlineData("-1")]
    [InlineData("KiB")]
    [InlineData("")]
    public void What_is_no_size_is_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData("79228162514264337593543950335d")]
    [InlineData("0.00000001ms")]
    [InlineData("-1s")]
    [InlineData("1M")]
    [InlineData("1h30m")]
    [InlineData("s")]
    [InlineData("")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(DurationText.TryParse(text, "s", out _));

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(1_500, "1500ms")]
    [InlineData(90_000, "90s")]
    [InlineData(7_200_000, "2h")]
    public void Durations_are_printed_with_the_largest_unit_that_fits(int milliseconds, string expected) =>
        Assert.Equal(expected, DurationText.Format(TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void Every_text_that_is_written_as_YAML_is_read_back() => Gen.String.Where(text => !text.Any(char.IsSurrogate)).Sample(text =>
    {
        var problems = new ProblemList(null);
        var map = (MapValue?)YamlReader.Read($"key: {YamlText.Scalar(text)}\n", problems);
        return problems.Count == 0 && map!.Entries[0].Value is ScalarValue { IsNull: false } scalar && scalar.Text == text;
    });

    [Theory]
    [InlineData("postgres://bob:pa@ss:w/rd@db.example.com/x", "postgres://bob:***@db.example.com/x")]
    [InlineData(
        "jdbc:postgresql://h:5432/db?user=bob&password=s3cret&ssl=true",
        "jdbc:postgresql://h:5432/db?user=bob&password=***&ssl=true")]
    [InlineData(
        "jdbc:sqlserver://h:1433;databaseName=x;password=s3cret;encrypt=true",
        "jdbc:sqlserver://h:1433;databaseName=x;password=***;encrypt=true")]
    [InlineData("Server=h;User Id=bob;Pwd='a;b'", "Server=h;User Id=bob;Pwd=***")]
    [InlineData("wss://api.example.com/stream?token=abc", "wss://api.example.com/stream?token=***")]
    [InlineData("localhost:9092,other:9092", "localhost:9092,other:9092")]
    [InlineData("http://localhost:8080/users?mail=a@b.c", "http://localhost:8080/users?mail=a@b.c")]
    [InlineData("data/users.csv", "data/users.csv")]
    public void Connections_are_shown_without_passwords_and_tokens(string connection, string expected) =>
        Assert.Equal(expected, ConnectionDisplay.Of(connection));
}
