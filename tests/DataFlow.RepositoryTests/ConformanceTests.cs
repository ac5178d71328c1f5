using System.Reflection;
using DataFlow.Conformance;

namespace DataFlow.RepositoryTests;

/// <summary>Nothing is in the catalogue that has not passed its suite.</summary>
public sealed class ConformanceTests
{
    /// <summary>Kinds without a suite, each with the reason: <c>source kafka</c>.</summary>
    private static readonly Dictionary<string, string> Waived = [];

    [Fact]
    public void Every_source_has_a_conformance_class() =>
        AssertCovered("source", BuiltInCatalogue.Instance.Sources.Select(source => source.Name), typeof(SourceConformance<>));

    [Fact]
    public void Every_sink_has_a_conformance_class() =>
        AssertCovered("sink", BuiltInCatalogue.Instance.Sinks.Select(sink => sink.Name), typeof(SinkConformance<>));

    [Fact]
    public void Every_transform_has_a_conformance_class() =>
        AssertCovered("transform", BuiltInCatalogue.Instance.Transforms.Select(transform => transform.Name), typeof(TransformConformance<>));

    [Fact]
    public void Every_waiver_gives_a_reason_and_names_a_kind_that_exists()
    {
        var catalogue = BuiltInCatalogue.Instance;
        HashSet<string> kinds =
        [
            .. catalogue.Sources.Select(source => $"source {source.Name}"), .. catalogue.Sinks.Select(sink => $"sink {sink.Name}"),
            .. catalogue.Transforms.Select(transform => $"transform {transform.Name}"),
        ];

        Assert.All(Waived, waiver =>
        {
            Assert.Contains(waiver.Key, kinds);
            Assert.False(string.IsNullOrWhiteSpace(waiver.Value));
        });
    }

    private static void AssertCovered(string what, IEnumerable<string> kinds, Type suite)
    {
        var covered = Repository.TestAssemblies()
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => type is { IsAbstract: false, BaseType: { IsGenericType: true } } && type.BaseType.GetGenericTypeDefinition() == suite)
            .Select(type => (string)type.BaseType!.GetGenericArguments()[0]
                .GetProperty(nameof(ISourceFixture.Kind), BindingFlags.Public | BindingFlags.Static | BindingFlags.FlattenHierarchy)!.GetValue(null)!)
            .ToHashSet();

        foreach (var kind in kinds.Where(kind => !Waived.ContainsKey($"{what} {kind}")))
        {
            Assert.True(
                covered.Contains(kind),
                $"The {what} '{kind}' has no class that derives from {suite.Name.Split('`')[0]}. Write a fixture, or waive it with the reason.");
        }
    }
}
