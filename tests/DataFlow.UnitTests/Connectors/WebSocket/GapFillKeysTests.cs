using System.Text.Json;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors;

/// <summary>What is remembered is bounded, however much comes.</summary>
public sealed class GapFillKeysTests
{
    [Fact]
    public void Of_many_keys_the_newest_are_kept_in_whole_pieces()
    {
        var keys = NewestKeys.None;
        for (var first = 1; first < 100; first += 3)
        {
            keys = keys.Add([first, first + 1, first + 2], most: 10);
        }

        Assert.Equal([88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99], keys.All);
        Assert.Equal(12, keys.Count);
        Assert.Equal([2, 3], NewestKeys.None.Add([9], 2).Add([1, 2, 3], 2, out var dropped).All);
        Assert.Equal([9, 1], dropped);
    }

    [Fact]
    public void Of_a_long_list_its_two_ends_are_known()
    {
        var found = FoundKeys.None;
        for (var key = 1L; key <= 1000; key++)
        {
            found = found.Add([key], most: 5);
        }

        Assert.Equal([1, 2, 3, 4, 5, 996, 997, 998, 999, 1000], Enumerable.Range(1, 1000).Where(key => found.Contains(key)));
        Assert.True(FoundKeys.None.Add([1, 2, 3], 5).Contains(3));
        Assert.True(FoundKeys.None.IsEmpty);
    }

    [Fact]
    public void A_position_does_not_grow_with_the_gaps_that_wait_and_the_oldest_is_given_up_first()
    {
        var state = GapFillState.Start;
        var given = new List<int>();
        SourceGap? first = null;
        for (var number = 0; number < 50; number++)
        {
            var begin = DateTimeOffset.UnixEpoch.AddMinutes(number);
            var gap = new SourceGap(begin, begin.AddSeconds(1), number, number + 2, 1, "cut");
            first ??= gap;
            state = state.Open(gap, most: 2000).Follow([.. Enumerable.Range(number * 2000, 2000).Select(key => (long)key)], most: 2000)
                .Bound(GapFiller.MostBytes, busy: first, out var gone);
            given.AddRange(gone.Select(gap => (int)gap.Last!));
        }

        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            state.Write(writer);
        }

        Assert.InRange(stream.Length, GapFiller.MostBytes / 2, GapFiller.MostBytes);
        Assert.Equal([0, .. Enumerable.Range(50 - state.Gaps.Count + 1, state.Gaps.Count - 1)], state.Gaps.Select(gap => (int)gap.Gap.Last!));
        Assert.Equal(Enumerable.Range(1, 50 - state.Gaps.Count), given);
    }

    [Fact]
    public void What_is_stored_is_read_again()
    {
        var gap = new SourceGap(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(1), 1, 5, 3, "cut");
        var state = GapFillState.Start.Follow([1, 2, 3], 2).Open(gap, 2).Follow([7], 2);
        state = state.With(state.Gaps[0] with { Found = FoundKeys.None.Add([4, 5, 6], 2), Page = [6], Filled = 3, Position = new ApiPosition(), IsEntered = true });
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            state.Write(writer);
        }

        using var document = JsonDocument.Parse(stream.ToArray());
        var read = GapFillState.Read(document.RootElement);

        Assert.Equal([2, 3, 7], read.Recent.All);
        var stored = Assert.Single(read.Gaps);
        Assert.Equal((gap, 1, 3L, true, true), (stored.Gap, stored.Room, stored.Filled, stored.IsFilled, stored.IsEntered));
        Assert.Equal([2, 3, 7], stored.Known.Order());
        Assert.Equal([6], stored.Page);
        Assert.Equal([true, true, true, false], new long[] { 4, 5, 6, 7 }.Select(stored.Found.Contains));
    }

    [Fact]
    public void A_filled_gap_is_kept_until_nothing_can_repeat_its_records()
    {
        var (first, second, late) = (GapAt(0), GapAt(3), GapAt(600));
        var margin = TimeSpan.FromSeconds(4);
        var state = Done(GapFillState.Start.Open(first, 2), 0).Forget(margin);
        Assert.Single(state.Gaps);

        state = state.Open(second, 2).Follow([1, 2], 2).Forget(margin);
        Assert.Equal([first, second], state.Gaps.Select(gap => gap.Gap));

        state = Done(state.Open(late, 2), 1).Follow([3, 4], 2).Forget(margin);
        Assert.Equal([late], state.Gaps.Select(gap => gap.Gap));
    }

    [Fact]
    public void Where_connections_break_all_the_time_few_filled_gaps_are_kept()
    {
        var state = GapFillState.Start;
        for (var gap = 0; gap < 50; gap++)
        {
            state = Done(state.Open(GapAt(gap), 100), state.Gaps.Count).Forget(TimeSpan.Zero);
        }

        Assert.Equal(10, state.Gaps.Count);
        Assert.Equal(GapAt(49), state.Gaps[^1].Gap);
    }

    private static SourceGap GapAt(int second) =>
        new(DateTimeOffset.UnixEpoch.AddSeconds(second), DateTimeOffset.UnixEpoch.AddSeconds(second + 1), null, null, null, "cut");

    private static GapFillState Done(GapFillState state, int index) =>
        state.With(state.Gaps[index] with { Position = new ApiPosition(), IsEntered = true });
}
