using DataFlow.Engine.State;

namespace DataFlow.UnitTests.State;

public sealed class PostgresTextTests
{
    [Theory]
    [InlineData("")]
    [InlineData("plain ä \ud83d\udc4d {\"json\":\"\\u0000\"}")]
    public void What_PostgreSQL_can_hold_stays_as_it_is(string text)
    {
        Assert.Same(text, PostgresText.Unescape(text));
        Assert.Equal(text, PostgresText.Escape(text));
    }

    [Fact]
    public void What_it_can_not_hold_is_written_as_a_number_and_comes_back()
    {
        (string Text, string Stored)[] examples =
        [
            ("\0", "\u241b0000"),
            ("a\0b", "a\u241b0000b"),
            ("\ud83d", "\u241bD83D"),
            ("x\udc4d\ud83dy\ud83d\udc4d", "x\u241bDC4D\u241bD83Dy\ud83d\udc4d"),
            ("\u241b0000", "\u241b241B0000"),
        ];

        Assert.All(examples, example =>
        {
            Assert.Equal(example.Stored, PostgresText.Escape(example.Text));
            Assert.Equal(example.Text, PostgresText.Unescape(example.Stored));
        });
    }

    [Fact]
    public void Any_text_comes_back_and_is_valid_when_stored()
    {
        var random = new Random(7);
        char[] parts = ['\0', '\u241b', '\ud83d', '\udc4d', '0', 'D', 'ä'];
        for (var i = 0; i < 10_000; i++)
        {
            var text = string.Concat(random.GetItems(parts, random.Next(8)));
            var stored = PostgresText.Escape(text);

            Assert.DoesNotContain('\0', stored);
            Assert.Equal(stored, System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(stored)));
            Assert.Equal(text, PostgresText.Unescape(stored));
        }
    }
}
