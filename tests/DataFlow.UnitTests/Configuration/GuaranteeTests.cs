using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Configuration;

public class GuaranteeTests
{
    [Theory]
    [InlineData("file", "file", DeliveryGuarantee.EffectivelyOnce, DeliveryGuarantee.AtLeastOnce)]
    [InlineData("file", "table", DeliveryGuarantee.EffectivelyOnce, DeliveryGuarantee.AtLeastOnce)]
    [InlineData("file", "console", DeliveryGuarantee.AtLeastOnce, DeliveryGuarantee.AtLeastOnce)]
    [InlineData("websocket", "file", DeliveryGuarantee.BestEffort, DeliveryGuarantee.BestEffort)]
    [InlineData("websocket", "console", DeliveryGuarantee.BestEffort, DeliveryGuarantee.BestEffort)]
    public void The_guarantee_follows_from_source_and_sink(
        string source, string sink, DeliveryGuarantee provided, DeliveryGuarantee promised)
    {
        var explanation = GuaranteeExplanation.Of(Pipeline(source, sink));
        Assert.Equal((provided, promised), (explanation.Provided, explanation.Promised));
    }

    [Theory]
    [InlineData("file", "file", "effectively-once")]
    [InlineData("file", "file", "best-effort")]
    [InlineData("file", "console", "at-least-once")]
    [InlineData("websocket", "file", "best-effort")]
    public void A_guarantee_that_can_be_proved_is_accepted_without_a_warning(string source, string sink, string delivery)
    {
        var explanation = GuaranteeExplanation.Of(Pipeline(source, sink, $"delivery: {delivery}"));
        Assert.Null(explanation.Warning);
        Assert.Equal(delivery, GuaranteeExplanation.NameOf(explanation.Promised));
    }

    [Fact]
    public void A_sink_that_keeps_everything_stands_in_the_way_of_effectively_once() => Assert.Equal(
        "orders.yaml:3:11: delivery: effectively-once can't be guaranteed: the sink 'console' keeps what was written after the last commit, and gets it again "
        + "after a crash (a terminal can't take lines back). Change that, or write 'delivery: at-least-once', which can be.",
        Configured.Problems("source: { type: file, connection: x }\nsink: { type: console, connection: y }\ndelivery: effectively-once"));

    [Fact]
    public void A_source_that_cannot_replay_stands_in_the_way_of_at_least_once() => Assert.Equal(
        "orders.yaml:3:11: delivery: at-least-once can't be guaranteed: the source 'websocket' can't read the same records again after a restart "
        + "(it keeps no journal; the option 'journal' gives it one). Change that, or write 'delivery: best-effort', which can be.",
        Configured.Problems("source: { type: websocket, connection: x }\nsink: { type: file, connection: y }\ndelivery: at-least-once"));

    [Fact]
    public void Best_effort_that_nobody_asked_for_is_warned_of() => Assert.Equal(
        "Delivery is best-effort: the source 'websocket' can't read the same records again after a restart (it keeps no journal; the option 'journal' gives it one). "
        + "Records may be missing after an interruption; write 'delivery: best-effort' to accept that.",
        GuaranteeExplanation.Of(Pipeline("websocket", "file")).Warning);

    [Fact]
    public void The_explanation_names_the_weakest_link() => Assert.Equal(
        [
            "Delivery: at-least-once. The pipeline doesn't require any; it is promised at-least-once.",
            "Source 'file': can read the same records again from a stored position.",
            "Sink 'console': keeps what was written after the last commit.",
            "Weakest link: the sink 'console' keeps what was written after the last commit, and gets it again after a crash (a terminal can't take lines back).",
        ],
        GuaranteeExplanation.Of(Pipeline("file", "console")).Lines);

    [Fact]
    public void A_source_without_an_end_is_never_caught_up() => Assert.Equal(
        "orders.yaml:3:8: until: the source 'websocket' never comes to an end by itself, so it is never caught up; write 'until: forever'.",
        Configured.Problems("source: { type: websocket, connection: x }\nsink: { type: console }\nuntil: caught-up"));

    private static PipelineDefinition Pipeline(string source, string sink, string more = "") =>
        Configured.Pipeline($"source: {{ type: {source}, connection: x }}\nsink: {{ type: {sink}, connection: y }}\n{more}");
}
