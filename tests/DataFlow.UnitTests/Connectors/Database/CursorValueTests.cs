using System.Globalization;
using System.Text;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors.Database;

public sealed class CursorValueTests
{
    private static readonly string[] Ascending =
    [
        "-99999999999999999999999999999999999999", "-99999999999999999999999999999999999998.5", "-0.0000000000000000000000000000000000002",
        "-0.0000000000000000000000000000000000001", "0", "0.0000000000000000000000000000000000001", "1", "1.00000000000000000000000000000000000001",
        "12345678901234567890123456789.5", "12345678901234567890123456789.50000000001", "99999999999999999999999999999999999998",
        "99999999999999999999999999999999999999",
    ];

    [Fact]
    public void Numbers_of_any_length_have_an_order()
    {
        var values = Ascending.Select(Number).ToList();

        Assert.Equal(values, values.OrderDescending().Reverse());
        Assert.Equal(values.Count, values.Distinct().Count());
    }

    [Fact]
    public void Numbers_of_any_length_are_stored_with_all_their_digits()
    {
        foreach (var text in Ascending)
        {
            var restored = CursorValue.Restore(Number(text).Store());

            Assert.Equal(text, restored.ToText(0));
            Assert.Equal(Number(text), restored);
            Assert.True(restored.Below() < restored, text);
        }
    }

    [Theory]
    [InlineData("000000000000000000000000000000000000012.50", "12.5")]
    [InlineData("-0.000000000000000000000000000000000000", "0")]
    [InlineData("5.00000000000000000000000000000000000000", "5")]
    [InlineData("12345678901234567890123456789012345678.0", "12345678901234567890123456789012345678")]
    public void Needless_zeros_make_no_other_number(string text, string same)
    {
        Assert.Equal(Number(same), Number(text));
        Assert.Equal(Number(same).GetHashCode(), Number(text).GetHashCode());
    }

    [Theory]
    [InlineData("n1e5")]
    [InlineData("n1.2.3")]
    [InlineData("n12345678901234567890123456789012345678x")]
    [InlineData("n")]
    public void A_position_that_holds_no_number_is_not_taken_for_one(string stored) =>
        Assert.Throws<FormatException>(() => CursorValue.Restore(stored));

    [Theory]
    [InlineData(0.1)]
    [InlineData(1 / 3.0)]
    [InlineData(2460310.9166666665)]
    [InlineData(-1.5e308)]
    [InlineData(5e-324)]
    [InlineData(9007199254740993e3)]
    public void A_double_comes_back_as_it_was(double number)
    {
        var value = CursorValue.Restore(CursorValue.OfDouble(number).Store());

        Assert.Equal(number, double.Parse(value.ToText(0), CultureInfo.InvariantCulture));
        Assert.True(CursorValue.OfDouble(Math.BitDecrement(number)) < value);
        Assert.True(CursorValue.OfDouble(Math.BitIncrement(number)) > value);
    }

    [Fact]
    public void A_long_number_stands_in_the_statement_and_the_others_are_its_parameters()
    {
        var sql = new SqlTextBuilder().Add("SELECT ").Add(CursorValue.OfNumber(1)).Add(" - ").Add(Number(Ascending[0])).Add(" + ")
            .Add(CursorValue.OfNumber(2)).Build();
        using var connection = new MySqlConnector.MySqlConnection();

        using var command = sql.CreateCommand(connection, MySqlDialect.Instance);

        Assert.Equal($"SELECT @p1 - ({Ascending[0]}) + @p2", command.CommandText);
        Assert.Equal(["@p1 1", "@p2 2"], command.Parameters.Cast<MySqlConnector.MySqlParameter>().Select(parameter => $"{parameter.ParameterName} {parameter.Value}"));
    }

    private static CursorValue Number(string text) => CursorValue.OfNumber(Encoding.ASCII.GetBytes(text));
}
