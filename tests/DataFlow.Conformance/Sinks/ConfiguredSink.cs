using DataFlow.Engine.Configuration;

namespace DataFlow.Conformance;

/// <summary>A sink as a pipeline file describes it.</summary>
public sealed class ConfiguredSink
{
    private readonly PipelineDefinition _pipeline;

    private ConfiguredSink(PipelineDefinition pipeline) => _pipeline = pipeline;

    /// <summary>What the sink promises with these settings.</summary>
    public SinkCapabilities Capabilities => _pipeline.Sink.Definition.Capabilities(_pipeline.Sink.Settings);

    /// <summary>Reads the settings.</summary>
    /// <param name="catalogue">Where the kind is listed.</param>
    /// <param name="yaml">What stands after <c>sink:</c>, in one line: <c>{ type: file, connection: out.csv }</c>.</param>
    /// <exception cref="ConfigurationException">The settings are wrong; says what.</exception>
    public static ConfiguredSink Of(Catalogue catalogue, string yaml) => new(PipelineFile.Parse(
        $"name: conformance\nsource: {{ type: test }}\nsink: {yaml}\n", Path.GetFullPath("conformance.yaml"), catalogue));

    /// <summary>Makes the sink: a new one each time.</summary>
    public ISink Create() => _pipeline.CreateSink();
}
