using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Configuration;

/// <summary>Reads pipeline texts with the sample catalogue, as if they stood in <c>/flows/orders.yaml</c>.</summary>
internal static class Configured
{
    public const string File = "/flows/orders.yaml";

    public static PipelineDefinition Pipeline(string yaml, params (string Name, string Value)[] variables) =>
        PipelineFile.Parse(yaml, File, SampleCatalogue.All, EnvironmentOf(variables));

    /// <summary>A pipeline whose source is given, as the lines below <c>source:</c>.</summary>
    public static PipelineDefinition WithSource(string source, params (string Name, string Value)[] variables) =>
        Pipeline(Around(source), variables);

    /// <summary>What is wrong, one line per problem, without the folder of the file.</summary>
    public static string Problems(string yaml, params (string Name, string Value)[] variables) =>
        Assert.Throws<ConfigurationException>(() => Pipeline(yaml, variables)).Message.Replace("/flows/", "", StringComparison.Ordinal);

    public static string SourceProblems(string source, params (string Name, string Value)[] variables) =>
        Problems(Around(source), variables);

    /// <summary>The options of a kafka source with these option lines.</summary>
    public static SampleTopicOptions Topic(string options, params (string Name, string Value)[] variables) =>
        (SampleTopicOptions)WithSource(Kafka(options), variables).Source.Settings.Options;

    /// <summary>What is wrong with a kafka source whose option lines start on line 7 of the file.</summary>
    public static string TopicProblems(string options, params (string Name, string Value)[] variables) =>
        SourceProblems(Kafka(options), variables);

    private static string Kafka(string options) => $"type: kafka\nconnection: localhost:9092\noptions:\n  topic: orders\n{Indent(options)}";

    private static string Around(string source) => $"sink: {{ type: console }}\nsource:\n{Indent(source)}\n";

    private static string Indent(string lines) => "  " + lines.Replace("\n", "\n  ", StringComparison.Ordinal);

    private static Func<string, string?> EnvironmentOf((string Name, string Value)[] variables) =>
        name => variables.Where(variable => variable.Name == name).Select(variable => variable.Value).FirstOrDefault();
}
