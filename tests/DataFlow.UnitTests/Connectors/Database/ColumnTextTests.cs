using System.Text;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors.Database;

/// <summary>Values read as a Java program would see them.</summary>
public sealed class ColumnTextTests
{
    private delegate int Writer<in T>(Span<byte> output, T value);

    [Theory]
    [Trait("claim", "DB-23")]
    [InlineData(1000.5, "1000.5")]
    [InlineData(1000, "1000.0")]
    [InlineData(1e7, "1.0E7")]
    [InlineData(12345678.9, "1.23456789E7")]
    [InlineData(9999999, "9999999.0")]
    [InlineData(1e-3, "0.001")]
    [InlineData(1e-4, "1.0E-4")]
    [InlineData(0.00012345, "1.2345E-4")]
    [InlineData(-0.0, "-0.0")]
    [InlineData(0.0, "0.0")]
    [InlineData(-1.5e300, "-1.5E300")]
    [InlineData(0.1, "0.1")]
    [InlineData(double.MaxValue, "1.7976931348623157E308")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void A_double_has_a_point_and_an_exponent_beyond_seven_digits(double value, string expected) =>
        Assert.Equal(expected, Text(ColumnText.Double, value));

    [Theory]
    [InlineData(1e10f, "1.0E10")]
    [InlineData(0.1f, "0.1")]
    public void A_float_keeps_its_own_shortest_digits(float value, string expected) => Assert.Equal(expected, Text(ColumnText.Float, value));

    [Theory]
    [Trait("claim", "DB-24")]
    [InlineData("2024-01-01T10:00:00", "2024-01-01 10:00:00.0")]
    [InlineData("2024-01-01T10:00:00.120", "2024-01-01 10:00:00.12")]
    [InlineData("2024-01-01T10:00:00.123456", "2024-01-01 10:00:00.123456")]
    [InlineData("0001-01-01T00:00:00.0000001", "0001-01-01 00:00:00.0000001")]
    public void A_timestamp_has_at_least_one_digit_of_the_fraction(string value, string expected) =>
        Assert.Equal(expected, Text(ColumnText.Timestamp, DateTime.Parse(value)));

    [Theory]
    [InlineData("10:00:00", "10:00:00")]
    [InlineData("10:00:00.5", "10:00:00.5")]
    [InlineData("-34.22:59:59", "-838:59:59")]
    [InlineData("1.00:00:01", "24:00:01")]
    public void A_time_has_a_fraction_only_where_there_is_one(string value, string expected) =>
        Assert.Equal(expected, Text(ColumnText.Interval, TimeSpan.Parse(value)));

    [Fact]
    [Trait("claim", "DB-27")]
    public void Bytes_are_hexadecimal() => Assert.Equal("\\x00ff10", Encoding.ASCII.GetString(Hex([0, 255, 16])));

    [Theory]
    [InlineData(-63_082_281_600_000_001, "0001-12-31 23:59:59.999999 BC")]
    [InlineData(252_455_616_000_000_000, "10000-01-01 00:00:00.0")]
    public void Moments_beyond_the_calendar_are_written_all_the_same(long microseconds, string expected)
    {
        var output = new byte[64];
        var text = Encoding.ASCII.GetString(output, 0, PostgreSqlFarDate.WriteMoment(output, microseconds));

        Assert.Equal(expected, text);
    }

    private static string Text<T>(Writer<T> write, T value)
    {
        var output = new byte[64];
        return Encoding.ASCII.GetString(output, 0, write(output, value));
    }

    private static byte[] Hex(byte[] value)
    {
        var output = new byte[64];
        return output[..ColumnText.Hex(output, value)];
    }
}
