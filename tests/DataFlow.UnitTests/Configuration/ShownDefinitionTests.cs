using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Configuration;

/// <summary>Definitions as people read them: the same pipeline, without its secrets.</summary>
public sealed class ShownDefinitionTests
{
    /// <summary>The examples of the reference.</summary>
    public static TheoryData<string> Examples
    {
        get
        {
            var catalogue = BuiltInCatalogue.Instance;
            return
            [
                .. catalogue.Sources.Select(source => ConnectorReference.Of(source, catalogue).Example),
                .. catalogue.Sinks.Select(sink => ConnectorReference.Of(sink, catalogue).Example),
                .. catalogue.Transforms.Select(transform => ConnectorReference.Of(transform, catalogue).Example),
            ];
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void What_is_shown_is_the_same_pipeline(string example)
    {
        var shown = ShownDefinition.Of(example, BuiltInCatalogue.Instance);

        foreach (var text in (string[])[shown.ToYaml(), shown.ToJson()!.ToJsonString()])
        {
            var before = Parse(example);
            var plan = PipelinePlan.Compare(before, Parse(text), [SourceFingerprint.Of(before.Source).ToString()]);
            Assert.Empty(plan.Changes);
            Assert.Equal(PlanOutcome.Unchanged, plan.Outcome);
        }
    }

    [Theory]
    [InlineData("auth-token: abc", "auth-token: \"***\"")]
    [InlineData("auth-token: ${env:TOKEN}", "auth-token: ${env:TOKEN}")]
    [InlineData("auth-token: ${file:token.txt}", "auth-token: ${file:token.txt}")]
    [InlineData("auth-token: ${env:TOKEN:-abc}", "auth-token: \"***\"")]
    [InlineData("auth-token: x${env:TOKEN}", "auth-token: \"***\"")]
    [InlineData("auth-token: \"a\\\"b\"", "auth-token: \"***\"")]
    [InlineData("auth-token: ''", "auth-token: \"\"")]
    [InlineData("headers: { X-Key: abc }", "X-Key: \"***\"")]
    [InlineData("no-such-password: abc", "no-such-password: \"***\"")]
    [InlineData("body: '{\"token\": \"abc\", \"page\": 1}'", "{\\\"token\\\": \\\"***\\\", \\\"page\\\": 1}")]
    [InlineData("endpoint: https://u:abc@example.com/?client_secret=abc", "https://u:***@example.com/?client_secret=***")]
    public void A_secret_is_masked_wherever_it_stands(string option, string shown)
    {
        var yaml = ShownDefinition.Of($"# abc\nsource:\n  type: api\n  options:\n    {option} # abc\n", BuiltInCatalogue.Instance).ToYaml();

        Assert.Contains(shown, yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("abc", yaml, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("source: { type: api, options: { auth-token: \"***\" } }", "source.options.auth-token")]
    [InlineData("source: { type: api, connection: \"https://u:***@example.com\" }", "source.connection")]
    [InlineData("sink: { type: database, config: { password: \"***\" } }", "sink.config.password")]
    public void A_mask_is_found_where_a_secret_belongs(string definition, string key)
    {
        var refused = Assert.Throws<ConfigurationException>(() => ShownDefinition.RefuseMasks(definition, BuiltInCatalogue.Instance));

        Assert.Equal(key, Assert.Single(refused.Problems).Key);
    }

    [Fact]
    public void Stars_that_are_no_mask_pass()
    {
        ShownDefinition.RefuseMasks("transforms:\n  - filter: \"stars = '***'\"\nsource: { type: file, connection: '***.csv' }", BuiltInCatalogue.Instance);
    }

    [Theory]
    [InlineData("")]
    [InlineData("- a")]
    [InlineData("a: [")]
    public void What_is_no_definition_shows_nothing(string text)
    {
        var shown = ShownDefinition.Of(text, BuiltInCatalogue.Instance);

        Assert.Null(shown.ToJson());
        Assert.Empty(shown.ToYaml());
    }

    private static PipelineDefinition Parse(string text) =>
        PipelineFile.Parse(text, "pipeline.yaml", BuiltInCatalogue.Instance, name => $"value of {name}");
}
