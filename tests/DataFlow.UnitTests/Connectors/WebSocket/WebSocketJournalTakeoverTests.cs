using System.Text;
using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors;

/// <summary>Nodes have journals of their own, and one position: what is left in a journal comes when its node has the pipeline again.</summary>
public sealed class WebSocketJournalTakeoverTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dataflow-takeover-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task What_a_node_had_left_is_delivered_when_it_takes_over_again()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([4, 5], [6], [7], [8]);
        var (node, other) = (Node("a"), Node("b"));
        await LeaveBehindAsync(node, 1, 2, 3);

        await TakeAsync(other, server, 4, 5);
        await TakeAsync(Follow(node, other), server, 1, 2, 3, 6);
        Assert.Equal(6, node.Positions["stream"].Offset);
        await TakeAsync(node, server, 7);
        Assert.Equal(7, node.Positions["stream"].Offset);
        await TakeAsync(Follow(other, node), server, 8);
        Assert.Equal(8, other.Positions["stream"].Offset);
    }

    [Fact]
    public async Task What_was_delivered_before_another_node_took_over_does_not_come_again()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([1, 2, 3], [4], [5]);
        var (node, other) = (Node("a"), Node("b"));

        await TakeAsync(node, server, 1, 2, 3);
        await TakeAsync(Follow(other, node), server, 4);
        await TakeAsync(Follow(node, other), server, 5);

        Assert.Equal(5, node.Positions["stream"].Offset);
    }

    [Fact]
    public async Task What_was_left_is_older_than_the_position_and_does_not_set_back_what_it_knows()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([4, 5], [6], [9]);
        var (node, other) = (Node("a"), Node("b"));
        await LeaveBehindAsync(node, 1, 2, 3);

        await TakeAsync(other, server, 4, 5);
        await TakeAsync(Follow(node, other), server, 1, 2, 3, 6);
        await TakeAsync(node, server, 9);

        Assert.Equal([(5, 6, 0), (6, 9, 2L)], SourceGap.Ledger(node.Gaps).Select(gap => ((int)gap.Last!, (int)gap.Next!, (long)gap.Missing!)));
    }

    [Fact]
    public async Task What_was_counted_without_a_journal_says_nothing_about_one()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([4, 5], [6]);
        var node = Node("a");
        await LeaveBehindAsync(node, 1, 2, 3);

        await TakeAsync(node, server, [4, 5], ("journal", "false"));
        await TakeAsync(node, server, 1, 2, 3, 6);

        Assert.Equal(6, node.Positions["stream"].Offset);
    }

    private static TestSourceContext Follow(TestSourceContext node, TestSourceContext before)
    {
        node.Positions["stream"] = before.Positions["stream"];
        return node;
    }

    private static Task TakeAsync(TestSourceContext node, WebSocketServer server, params int[] expected) =>
        TakeAsync(node, server, expected, ("journal", "true"));

    private static async Task TakeAsync(TestSourceContext node, WebSocketServer server, int[] expected, (string, string) option)
    {
        await using var run = new StreamRun(node, server.Address, option);
        await run.UntilNumbersAsync(expected.Length);
        Assert.Equal(expected, run.Numbers);
    }

    /// <summary>Messages that were received by a node that died before they were delivered.</summary>
    private static async Task LeaveBehindAsync(TestSourceContext node, params int[] numbers)
    {
        using var metrics = new WebSocketMetrics("p", node.Clock);
        using var journal = MessageJournal.Open(new WebSocketSourceOptions { Journal = true }, node, StreamPlace.Start, metrics);
        foreach (var number in numbers)
        {
            var message = Encoding.UTF8.GetBytes($$"""{"n":{{number}}}""");
            await journal.AddAsync(
                new MessageFrame { Number = number, Length = message.Length, Sequence = number, CursorLength = -1 }, message, TestContext.Current.CancellationToken);
        }
    }

    private TestSourceContext Node(string name) => new() { Latency = TimeSpan.Zero, StateFolder = Path.Combine(_folder.FullName, name) };
}
