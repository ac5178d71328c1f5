using System.Collections.Concurrent;

namespace DataFlow.Connectors;

/// <summary>The inboxes of the push pipelines that run in this process, by pipeline name. Thread-safe.</summary>
public sealed class PushInboxes
{
    private readonly ConcurrentDictionary<string, PushInbox> _open = new(StringComparer.Ordinal);

    /// <summary>The inbox of a pipeline; null while nothing takes its batches here.</summary>
    public PushInbox? Find(string pipeline) => _open.GetValueOrDefault(pipeline);

    /// <summary>The catalogue with the push source of these inboxes in place of the one that nobody can push to.</summary>
    public Catalogue ConnectTo(Catalogue catalogue)
    {
        ArgumentNullException.ThrowIfNull(catalogue);
        return new Catalogue(
            catalogue.Sources.Select(source => source == PushSourceDefinition.Definition ? PushSourceDefinition.Of(this) : source),
            catalogue.Sinks,
            catalogue.Transforms);
    }

    internal PushInbox Open(PushSourceOptions options, SourceContext context, bool needsId) =>
        _open[context.PipelineId] = new PushInbox(options, context, needsId);

    internal void Remove(string pipeline, PushInbox inbox) => _open.TryRemove(KeyValuePair.Create(pipeline, inbox));
}
