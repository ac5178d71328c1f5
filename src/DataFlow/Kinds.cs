namespace DataFlow;

/// <summary>A source that reads files.</summary>
public sealed class FileSource : Source
{
    /// <summary>Makes a file source.</summary>
    /// <param name="pipelineId">Name of the pipeline it belongs to.</param>
    /// <param name="config">Its configuration; the source type must be <c>file</c>.</param>
    /// <param name="services">Clock, log, state and catalogue.</param>
    /// <exception cref="ArgumentException">The configuration is of another kind.</exception>
    public FileSource(string pipelineId, SourceConfig config, SourceServices? services = null)
        : base(pipelineId, config.OfType(SourceType.File), services)
    {
    }
}

/// <summary>A source that reads topics of Apache Kafka.</summary>
public sealed class KafkaSource : Source
{
    /// <summary>Makes a Kafka source.</summary>
    /// <param name="pipelineId">Name of the pipeline it belongs to.</param>
    /// <param name="config">Its configuration; the source type must be <c>kafka</c>.</param>
    /// <param name="services">Clock, log, state and catalogue.</param>
    /// <exception cref="ArgumentException">The configuration is of another kind.</exception>
    public KafkaSource(string pipelineId, SourceConfig config, SourceServices? services = null)
        : base(pipelineId, config.OfType(SourceType.Kafka), services)
    {
    }
}

/// <summary>A source that generates records.</summary>
public sealed class TestSource : Source
{
    /// <summary>Makes a test source.</summary>
    /// <param name="pipelineId">Name of the pipeline it belongs to.</param>
    /// <param name="config">Its configuration; the source type must be <c>test</c>.</param>
    /// <param name="services">Clock, log, state and catalogue.</param>
    /// <exception cref="ArgumentException">The configuration is of another kind.</exception>
    public TestSource(string pipelineId, SourceConfig config, SourceServices? services = null)
        : base(pipelineId, config.OfType(SourceType.Test), services)
    {
    }
}

internal static class SourceConfigKind
{
    public static SourceConfig OfType(this SourceConfig config, string kind) =>
        config.SourceType.Equals(kind, StringComparison.OrdinalIgnoreCase)
            ? config
            : throw new ArgumentException(
                $"This configuration is for a {config.SourceType} source, not for a {kind} source. Use Source.Create to choose the kind from the configuration.",
                nameof(config));
}
