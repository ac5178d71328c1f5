using DataFlow.Engine.State;

namespace DataFlow.UnitTests.State;

public sealed class HistoryEventsTests
{
    [Fact]
    public void Every_event_has_words_of_its_own()
    {
        var words = Enum.GetValues<HistoryEvent>().Select(happened => happened.ToWords()).ToList();

        Assert.Equal(words.Count, words.Distinct().Count());
        Assert.Equal("run started", HistoryEvent.RunStarted.ToWords());
    }
}
