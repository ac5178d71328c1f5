using DataFlow.Conformance;

namespace DataFlow.UnitTests.Conformance;

public sealed class TestSourceConformance : SourceConformance<TestSourceFixture>;

/// <summary>The test source with as many records as were asked for; to publish more is to raise its total.</summary>
public sealed class TestSourceFixture : ISourceFixture
{
    private const string NoOtherSide = "The test source makes its records itself: there is no other side that could fail.";

    private int _published;

    public static string Kind => SourceType.Test;

    public static Waivers Waivers { get; } = Waivers.Of(
        ("It_has_nothing_to_say_about_an_empty_input", "0 records in all means endless: there is no empty input."),
        ("It_goes_on_with_what_came_since_the_last_run", "Its records don't come, they are generated up to total-records, which is an identity option."),
        ("A_malformed_record_becomes_a_dead_letter_and_the_others_go_on", "It makes malformed records at random: TestSourceFaultTests counts them."),
        ("Another_side_that_does_not_answer_is_an_external_fault_that_may_pass", NoOtherSide),
        ("What_somebody_has_to_mend_is_a_user_fault_that_is_not_tried_again", NoOtherSide),
        ("A_connection_that_is_cut_costs_no_record", NoOtherSide),
        ("Its_secrets_are_in_no_message_and_no_log", "The test source has no secret options."));

    public SourceConfig Config => new()
    {
        SourceType = Kind,
        ConnectionString = "test",
        Options = new Dictionary<string, string> { ["total-records"] = _published.ToString(), ["audit"] = "true" },
    };

    public ValueTask PublishAsync(int count, CancellationToken ct)
    {
        _published += count;
        return ValueTask.CompletedTask;
    }

    public long NumberOf(DataRecord record) => record.GetInt64("sequence");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
