using DataFlow.Cli;
using DataFlow.Cli.Commands;
using DataFlow.Engine.Configuration;
using NJsonSchema;

namespace DataFlow.RepositoryTests;

/// <summary>What is generated is what stands in the repository, and every pipeline in it is valid.</summary>
public sealed class ReferenceTests
{
    [Fact]
    public async Task The_reference_is_fresh()
    {
        var expected = new Dictionary<string, string>(
            await DocsCommand.PagesAsync(DataFlowCommand.Create(CliContext.ForProcess()), TestContext.Current.CancellationToken));
        var folder = Repository.PathOf("docs", "reference");
        foreach (var (name, text) in expected)
        {
            var path = Path.Combine(folder, name);
            Assert.True(File.Exists(path), $"docs/reference/{name} is missing: run 'dataflow docs'.");
            Assert.True(text == await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), $"docs/reference/{name} is stale: run 'dataflow docs'.");
        }

        var known = expected.Keys.Select(name => Path.GetFullPath(Path.Combine(folder, name))).ToHashSet();
        Assert.All(Directory.GetFiles(folder, "*", SearchOption.AllDirectories), path => Assert.Contains(Path.GetFullPath(path), known));
    }

    [Fact]
    [Trait("claim", "OPS-12")]
    public void Every_sink_and_every_transform_has_a_place_in_a_guide()
    {
        var sinks = File.ReadAllText(Repository.PathOf("docs", "guides", "sinks.md"));
        var transforms = File.ReadAllText(Repository.PathOf("docs", "guides", "transforms.md"));

        Assert.All(BuiltInCatalogue.Instance.Sinks, sink =>
        {
            Assert.Contains($"\n## {sink.Name}\n", sinks, StringComparison.Ordinal);
            Assert.Contains($"(../reference/sinks/{sink.Name}.md)", sinks, StringComparison.Ordinal);
        });
        Assert.All(
            BuiltInCatalogue.Instance.Transforms,
            transform => Assert.Contains($"(../reference/transforms/{transform.Name}.md)", transforms, StringComparison.Ordinal));
    }

    public static TheoryData<string> PipelineFiles => [.. Repository.Files("pipeline.yaml").Select(path => Path.GetRelativePath(Repository.Root, path))];

    [Theory]
    [MemberData(nameof(PipelineFiles))]
    public async Task Every_example_is_valid(string file)
    {
        var definition = PipelineFile.Load(Repository.PathOf(file), BuiltInCatalogue.Instance);

        Assert.Empty(GuaranteeExplanation.Of(definition).Problems);
        Assert.Empty(await definition.CheckConnectorsAsync());
        definition.CreateTransforms();
    }

    [Fact]
    public async Task The_schema_is_a_schema()
    {
        var schema = await JsonSchema.FromJsonAsync(JsonSchemaWriter.Write(BuiltInCatalogue.Instance));

        Assert.NotEmpty(schema.Validate("""{ "source": { "type": "file" } }"""));
        Assert.Empty(schema.Validate("""{ "source": { "type": "file", "connection": "a.csv" }, "sink": { "type": "console" } }"""));
    }
}
