using DataFlow.Engine.Configuration;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Configuration;

public class OptionTableTests
{
    [Fact]
    public void A_table_is_made_once_per_record() =>
        Assert.Same(OptionTable.Of(typeof(SampleTopicOptions)), OptionTable.Of(typeof(SampleTopicOptions)));

    [Fact]
    public void Shared_options_come_in_the_order_in_which_they_are_written() =>
        Assert.Equal(["format", "has-header", "delimiter", "encoding"], OptionTable.Of(typeof(SampleFileOptions)).Names.Take(4));

    [Fact]
    public void A_documented_name_replaces_the_name_of_the_member()
    {
        var format = OptionTable.Of(typeof(FormatOptions)).Find("format")!;
        Assert.Equal(["csv", "json", "json-array", "json-document", "text"], format.Choices.Select(choice => choice.Name));
        Assert.Equal(["json", "ndjson"], format.Choices[1].Names);
    }

    [Fact]
    public void A_type_that_no_option_can_have_is_a_fault_of_the_record() => Assert.Equal(
        "DataFlow.UnitTests.Configuration.OptionTableTests+Strange.Uri is of type System.Uri, which no option can have.",
        Assert.Throws<InvalidOperationException>(() => OptionTable.Of(typeof(Strange))).Message);

    [Fact]
    public void Two_options_of_one_name_are_a_fault_of_the_record() => Assert.Equal(
        "DataFlow.UnitTests.Configuration.OptionTableTests+Twice has two options named 'a'.",
        Assert.Throws<InvalidOperationException>(() => OptionTable.Of(typeof(Twice))).Message);

    private sealed record Strange
    {
        [Option("Where.")]
        public Uri? Uri { get; init; }
    }

    private sealed record Twice
    {
        [Option("One.")]
        public string A { get; init; } = "";

        [Option("Two.", Aliases = ["a"])]
        public string B { get; init; } = "";
    }
}
