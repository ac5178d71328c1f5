using System.Text;
using System.Text.Json;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors.Database;

public sealed class SeenWindowTests
{
    [Fact]
    public void What_was_delivered_is_known_after_a_restart_also_above_every_bound()
    {
        var window = new SeenWindow();
        window.BeginPoll();
        Assert.True(window.TryAdd(1, CursorValue.OfNumber(5), out _));
        Assert.True(window.TryAdd(2, CursorValue.Endless, out _));

        var restored = new SeenWindow();
        foreach (var (index, position) in window.TakeChanged())
        {
            restored.Restore(index, SeenPosition.Parse(Stored(position)));
        }

        restored.ForgetBelow(CursorValue.OfNumber(6));
        restored.BeginPoll();
        Assert.False(restored.TryAdd(2, CursorValue.Endless, out _));
        Assert.True(restored.TryAdd(3, CursorValue.Endless, out _));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[")]
    [InlineData("""{"rows":1,"cursor":"2024-01-01"}""")]
    [InlineData("""{"rows":1,"cursor":"n12x"}""")]
    [InlineData("""{"rows":"1"}""")]
    [InlineData("""{"rows":1,"key":5}""")]
    public void A_stored_position_that_is_none_is_said_and_not_taken_for_the_start(string json)
    {
        var failure = Assert.Throws<ConnectorException>(() => DatabasePosition.Parse(new SplitPosition(1, json)));

        Assert.StartsWith($"The stored position of the query is not one of a database source: {json}", failure.Message);
        Assert.Equal(FaultOwner.User, failure.Owner);
    }

    private static string Stored(Position position)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            position.Write(writer);
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
