namespace DataFlow.UnitTests.SourceApi;

/// <summary>People see the name that they know; the state keeps the one that is unique.</summary>
public sealed class SplitNameTests
{
    [Fact]
    public void People_see_a_split_without_its_fingerprint() =>
        Assert.Equal("/data/a#b.csv", SplitName.ForPeople(SplitName.Of("/data/a#b.csv", 0x3e24bbdf66f7fecf)));

    [Theory]
    [InlineData("orders/3")]
    [InlineData("/data/a.csv#3e24bbdf66f7fec")]
    [InlineData("/data/a.csv#3E24BBDF66F7FECG")]
    [InlineData("#3e24bbdf66f7fecf")]
    [InlineData("")]
    public void Any_other_name_is_for_people_as_it_is(string split) => Assert.Equal(split, SplitName.ForPeople(split));

    [Theory]
    [InlineData(RecordError.Stages.Source, "/data/a.csv: Line 3: too long.")]
    [InlineData(RecordError.Stages.Sink, "/data/a.csv, record 3: Line 3: too long.")]
    public void The_explanation_of_a_bad_record_says_where_it_stood(string stage, string explanation)
    {
        var error = new RecordError(Guid.Empty, stage, "too-long", "Line 3: too long.", [], SplitName.Of("/data/a.csv", 1), 3);

        Assert.Equal(explanation, error.Explanation);
    }
}
