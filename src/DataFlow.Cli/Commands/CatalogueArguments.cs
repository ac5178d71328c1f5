using DataFlow.Engine.Configuration;

namespace DataFlow.Cli.Commands;

/// <summary>Finds what the user named in the catalogue, or says what there is.</summary>
internal static class CatalogueArguments
{
    public static SourceDefinition Source(string name) => BuiltInCatalogue.Instance.FindSource(name)
        ?? throw Unknown("source", name, [.. BuiltInCatalogue.Instance.Sources.Select(source => source.Name)]);

    public static SinkDefinition Sink(string name) => BuiltInCatalogue.Instance.FindSink(name)
        ?? throw Unknown("sink", name, [.. BuiltInCatalogue.Instance.Sinks.Select(sink => sink.Name)]);

    public static TransformDefinition Transform(string name) => BuiltInCatalogue.Instance.FindTransform(name)
        ?? throw Unknown("transform", name, [.. BuiltInCatalogue.Instance.Transforms.Select(transform => transform.Name)]);

    public static ConnectorReference Reference(string role, string name) => role switch
    {
        "source" => ConnectorReference.Of(Source(name), BuiltInCatalogue.Instance),
        "sink" => ConnectorReference.Of(Sink(name), BuiltInCatalogue.Instance),
        _ => ConnectorReference.Of(Transform(name), BuiltInCatalogue.Instance),
    };

    private static WrongInputException Unknown(string role, string name, IReadOnlyList<string> names) =>
        new($"There is no {role} '{name}'.{Suggestion.Sentence(name, names)} There are {string.Join(", ", names)}.");
}
