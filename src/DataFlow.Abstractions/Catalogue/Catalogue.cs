namespace DataFlow;

/// <summary>The sources, sinks and transforms that pipelines can use: an explicit list. Immutable, thread-safe.</summary>
/// <param name="sources">Source kinds.</param>
/// <param name="sinks">Sink kinds.</param>
/// <param name="transforms">Transforms.</param>
public sealed class Catalogue(
    IEnumerable<SourceDefinition> sources, IEnumerable<SinkDefinition> sinks, IEnumerable<TransformDefinition> transforms)
{
    /// <summary>Source kinds in the order they were given.</summary>
    public IReadOnlyList<SourceDefinition> Sources { get; } = [.. sources];

    /// <summary>Sink kinds in the order they were given.</summary>
    public IReadOnlyList<SinkDefinition> Sinks { get; } = [.. sinks];

    /// <summary>Transforms in the order they were given.</summary>
    public IReadOnlyList<TransformDefinition> Transforms { get; } = [.. transforms];

    /// <summary>A source kind by name, in any case; null when there is none.</summary>
    public SourceDefinition? FindSource(string name) => Sources.FirstOrDefault(source => source.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>A source kind by name and the option <c>source-impl</c>, in any case; null when there is none.</summary>
    /// <param name="name">What stands as <c>type</c>.</param>
    /// <param name="implementation">What stands as <c>source-impl</c>, or null.</param>
    public SourceDefinition? FindSource(string name, string? implementation) => Sources.FirstOrDefault(source =>
        source.Name.Equals(implementation, StringComparison.OrdinalIgnoreCase) && name.Equals(source.ImplementationOf, StringComparison.OrdinalIgnoreCase))
            ?? FindSource(name);

    /// <summary>A sink kind by name, in any case; null when there is none.</summary>
    public SinkDefinition? FindSink(string name) => Sinks.FirstOrDefault(sink => sink.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>A transform by name, in any case; null when there is none.</summary>
    public TransformDefinition? FindTransform(string name) =>
        Transforms.FirstOrDefault(transform => transform.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>A catalogue with one more source kind.</summary>
    public Catalogue With(SourceDefinition source) => new([.. Sources, source], Sinks, Transforms);

    /// <summary>A catalogue with one more sink kind.</summary>
    public Catalogue With(SinkDefinition sink) => new(Sources, [.. Sinks, sink], Transforms);
}
