namespace DataFlow.Engine.Configuration;

/// <summary>What a part of a pipeline is.</summary>
public enum ConnectorRole
{
    /// <summary>Reads records.</summary>
    Source,

    /// <summary>Writes records.</summary>
    Sink,

    /// <summary>Changes records on their way.</summary>
    Transform,
}

/// <summary>Everything that there is to know about a kind of the catalogue, for terminals, pages and forms.</summary>
public sealed record ConnectorReference
{
    /// <summary>Source, sink or transform.</summary>
    public required ConnectorRole Role { get; init; }

    /// <summary>The name that users write.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>What <c>connection</c> means; null for transforms.</summary>
    public ConnectionReference? Connection { get; init; }

    /// <summary>The option that a bare value sets; null when there is none.</summary>
    public string? ShorthandOption { get; init; }

    /// <summary>The options, those that must be given first.</summary>
    public required IReadOnlyList<OptionReference> Options { get; init; }

    /// <summary>A complete pipeline file.</summary>
    public required string Example { get; init; }

    /// <summary>Describes a source kind.</summary>
    public static ConnectorReference Of(SourceDefinition source, Catalogue catalogue) => new()
    {
        Role = ConnectorRole.Source,
        Name = source.Name,
        Summary = source.Summary,
        Connection = new ConnectionReference(source.ConnectionDescription, source.ConnectionExample, source.ConnectionRequired),
        Options = OptionReference.Of(source.OptionsType),
        Example = PipelineTemplate.ExampleOf(source, catalogue),
    };

    /// <summary>Describes a sink kind.</summary>
    public static ConnectorReference Of(SinkDefinition sink, Catalogue catalogue) => new()
    {
        Role = ConnectorRole.Sink,
        Name = sink.Name,
        Summary = sink.Summary,
        Connection = new ConnectionReference(sink.ConnectionDescription, sink.ConnectionExample, sink.ConnectionRequired),
        Options = OptionReference.Of(sink.OptionsType),
        Example = PipelineTemplate.ExampleOf(sink, catalogue),
    };

    /// <summary>Describes a transform.</summary>
    public static ConnectorReference Of(TransformDefinition transform, Catalogue catalogue) => new()
    {
        Role = ConnectorRole.Transform,
        Name = transform.Name,
        Summary = transform.Summary,
        ShorthandOption = transform.ShorthandOption,
        Options = OptionReference.Of(transform.OptionsType),
        Example = PipelineTemplate.ExampleOf(transform, catalogue),
    };
}

/// <summary>What <c>connection</c> means for a kind.</summary>
/// <param name="Description">For users.</param>
/// <param name="Example">A value.</param>
/// <param name="IsRequired">False when it may be left out.</param>
public sealed record ConnectionReference(string Description, string Example, bool IsRequired);
