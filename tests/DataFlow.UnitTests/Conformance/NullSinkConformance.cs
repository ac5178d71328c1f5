using DataFlow.Conformance;

namespace DataFlow.UnitTests.Conformance;

public sealed class NullSinkConformance : SinkConformance<NullSinkFixture>;

/// <summary>The sink that keeps nothing: what can be seen of it is what it took.</summary>
public sealed class NullSinkFixture : ISinkFixture
{
    private const string KeepsNothing = "It drops everything: there is nothing to read again, to undo or to own.";

    public static string Kind => "null";

    public static Waivers Waivers { get; } = Waivers.Of(
        ("What_is_committed_is_there_in_the_order_of_writing", KeepsNothing),
        ("What_is_committed_stays_when_it_is_opened_again", KeepsNothing),
        ("What_was_written_after_the_last_commit_is_gone_when_it_is_opened_again", KeepsNothing),
        ("What_was_written_before_the_first_commit_is_gone_when_it_is_opened_again", KeepsNothing),
        ("An_empty_batch_and_an_empty_commit_change_nothing", KeepsNothing),
        ("A_batch_stays_the_callers_and_can_be_written_again", KeepsNothing),
        ("A_crash_at_any_step_loses_nothing_and_doubles_nothing_that_it_promises_to_undo", KeepsNothing),
        ("A_failure_at_a_step_loses_nothing_and_doubles_nothing_that_it_promises_to_undo", KeepsNothing),
        ("A_run_that_was_taken_over_can_not_commit_any_more", KeepsNothing),
        ("A_row_that_the_target_refuses_is_returned_and_the_others_are_written", "It takes every row."),
        ("A_target_that_does_not_answer_is_an_external_fault_that_may_pass", "It has no other side."),
        ("What_somebody_has_to_mend_is_a_user_fault_that_is_not_tried_again", "It can't fail."),
        ("Its_secrets_are_in_no_message_and_no_log", "The null sink has no secret options."));

    public SinkCapabilities Capabilities => ConfiguredSink.Of(BuiltInCatalogue.Instance, "{ type: 'null' }").Capabilities;

    public ISink Create() => ConfiguredSink.Of(BuiltInCatalogue.Instance, "{ type: 'null' }").Create();

    public ValueTask<IReadOnlyList<long>> ReadAsync(CancellationToken ct) => throw new NotSupportedException(KeepsNothing);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
