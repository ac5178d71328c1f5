using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Configuration;

public class SourceFingerprintTests
{
    private static readonly SourceFingerprint Stored = SourceFingerprint.Of(Topic("topic: orders\n  pin: 1234"));

    [Fact]
    public void It_holds_the_identity_options_and_no_secret() => Assert.Equal(
        """{"type":"kafka","options":{"partitions":"[]","pin":"03ac674216f3e15c761ee1a5e255f067953623c8b388b4459e13f978d7c846f4","topic":"orders"}}""",
        Stored.ToString());

    [Fact]
    public void Other_options_may_change() =>
        Assert.Null(SourceFingerprint.DescribeDifference(
            SourceFingerprint.Parse(Stored.ToString()), Topic("topic: orders\n  pin: 1234\n  limit: 7")));

    [Fact]
    public void A_change_of_identity_is_described() => Assert.Equal(
        "source.options.topic was 'orders' when the state was written and is 'users' now; source.options.pin has another value (not shown) than when the state was "
        + "written: the stored position belongs to other data; change it back, or start over with --fresh.",
        SourceFingerprint.DescribeDifference(Stored, Topic("topic: users\n  pin: 12345")));

    [Fact]
    public void Another_kind_is_described() => Assert.Equal(
        "source.type was 'kafka' when the state was written and is 'websocket' now: the stored position belongs to other data; change it back, or start over with --fresh.",
        SourceFingerprint.DescribeDifference(Stored, Configured.WithSource("type: websocket\nconnection: x").Source));

    [Fact]
    public void An_option_that_is_newer_than_the_state_counts_as_its_default()
    {
        var old = SourceFingerprint.Parse("""{"type":"kafka","options":{"topic":"orders"}}""");

        Assert.Null(SourceFingerprint.DescribeDifference(old, Topic("topic: orders")));
        Assert.StartsWith(
            "source.options.partitions was '[]' when the state was written and is '[\"1\"]' now",
            SourceFingerprint.DescribeDifference(old, Topic("topic: orders\n  partitions: [1]")),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"type\":1,\"options\":{}}")]
    public void Something_else_is_no_fingerprint(string text) => Assert.Throws<FormatException>(() => SourceFingerprint.Parse(text));

    private static PipelineSource Topic(string options) =>
        Configured.WithSource($"type: kafka\nconnection: x\noptions:\n  {options}").Source;
}
