namespace DataFlow.UnitTests.Sharing;

/// <summary>Whatever a source is made of, each piece of it has exactly one owner.</summary>
public class SourceShareTests
{
    public static TheoryData<int> Counts => [.. Enumerable.Range(1, 8), 64];

    [Theory]
    [MemberData(nameof(Counts))]
    public void Every_number_has_one_owner_negative_ones_too(int count) => Assert.All(
        Enumerable.Range(-200, 401).Select(number => (long)number).Concat([long.MinValue, long.MinValue + 1, long.MaxValue - 1, long.MaxValue]),
        number => Assert.Single(Shares(count), share => share.Holds(number)));

    [Theory]
    [MemberData(nameof(Counts))]
    public void Every_name_has_one_owner(int count)
    {
        var random = new Random(count);
        var names = Enumerable.Range(0, 2000).Select(number => $"in/{number}-{random.Next()}.csv").Concat(["", "ä", "日本.csv", "a b", "\uD800"]);

        Assert.All(names, name => Assert.Single(Shares(count), share => share.Holds(name)));
    }

    [Fact]
    public void Names_are_spread_evenly()
    {
        var held = Shares(8).Select(share => Enumerable.Range(0, 8000).Count(number => share.Holds($"orders-{number}.csv"))).ToList();

        Assert.Equal(8000, held.Sum());
        Assert.All(held, count => Assert.InRange(count, 850, 1150));
    }

    [Theory]
    [InlineData("a.csv", 1)]
    [InlineData("b.csv", 3)]
    [InlineData("2026/in.csv", 3)]
    [InlineData("ä.csv", 3)]
    [InlineData("c.csv", 2)]
    public void The_owner_of_a_name_is_the_same_for_ever_and_on_every_machine(string name, int owner) =>
        Assert.Equal(owner, Shares(3).Single(share => share.Holds(name)).Number);

    [Fact]
    public void The_whole_holds_everything()
    {
        Assert.True(SourceShare.Whole.IsWhole);
        Assert.True(SourceShare.Whole.Holds(-7));
        Assert.True(SourceShare.Whole.Holds("a"));
        Assert.Equal(new SourceShare(1, 1), SourceShare.Whole);
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(4, 3)]
    [InlineData(1, 0)]
    public void There_is_no_share_outside_of_the_count(int number, int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SourceShare(number, count));

    [Fact]
    public void It_reads_as_people_say_it() => Assert.Equal("2 of 3", new SourceShare(2, 3).ToString());

    private static IEnumerable<SourceShare> Shares(int count) => Enumerable.Range(1, count).Select(number => new SourceShare(number, count));
}
