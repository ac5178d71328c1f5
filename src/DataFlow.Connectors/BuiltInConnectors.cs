namespace DataFlow.Connectors;

/// <summary>The built-in sources and sinks: an explicit list.</summary>
public static class BuiltInConnectors
{
    /// <summary>Source kinds.</summary>
    public static IReadOnlyList<SourceDefinition> Sources { get; } =
    [
        FileSourceDefinition.Definition, KafkaSourceDefinition.Definition, ApiSourceDefinition.Definition, WebSocketSourceDefinition.Definition,
        DatabaseSourceDefinition.Definition, PushSourceDefinition.Definition, TestSourceDefinition.Definition,
    ];

    /// <summary>Sink kinds.</summary>
    public static IReadOnlyList<SinkDefinition> Sinks { get; } =
    [
        FileSinkDefinition.Definition, KafkaSinkDefinition.Definition, HttpSinkDefinition.Definition, DatabaseSinkDefinition.Definition,
        ConsoleSinkDefinition.Definition, NullSinkDefinition.Definition,
    ];
}
