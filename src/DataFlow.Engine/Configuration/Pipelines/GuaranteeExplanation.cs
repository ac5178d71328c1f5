namespace DataFlow.Engine.Configuration;

/// <summary>Which delivery guarantee a pipeline has, and why: derived from what source and sink can do. Immutable.</summary>
public sealed class GuaranteeExplanation
{
    private readonly PipelineDefinition _pipeline;
    private readonly SourceCapabilities _source;
    private readonly SinkCapabilities _sink;

    private GuaranteeExplanation(PipelineDefinition pipeline)
    {
        _pipeline = pipeline;
        _source = pipeline.Source.Definition.Capabilities(pipeline.Source.Settings);
        _sink = pipeline.Sink.Definition.Capabilities(pipeline.Sink.Settings);
        Provided = !_source.Replayable ? DeliveryGuarantee.BestEffort
            : _sink.Replay == SinkReplay.Repeated ? DeliveryGuarantee.AtLeastOnce
            : DeliveryGuarantee.EffectivelyOnce;
    }

    /// <summary>The strongest guarantee that can be proved.</summary>
    public DeliveryGuarantee Provided { get; }

    /// <summary>What is promised: as written, else at-least-once, or best-effort where no more can be proved.</summary>
    public DeliveryGuarantee Promised =>
        _pipeline.Delivery ?? (DeliveryGuarantee)Math.Min((int)Provided, (int)DeliveryGuarantee.AtLeastOnce);

    /// <summary>What stands in the way of more, and what would help; null when there is no more.</summary>
    public string? WeakestLink => Provided switch
    {
        DeliveryGuarantee.BestEffort =>
            $"the source '{SourceName}' can't read the same records again after a restart{Because(_source.WhyNotReplayable)}",
        DeliveryGuarantee.AtLeastOnce =>
            $"the sink '{SinkName}' keeps what was written after the last commit, and gets it again after a crash"
                + Because(_sink.WhyRepeated),
        _ => null,
    };

    /// <summary>A line to warn with before the run; null when there is nothing to warn of.</summary>
    public string? Warning => _pipeline.Delivery is null && Provided == DeliveryGuarantee.BestEffort
        ? $"Delivery is best-effort: {WeakestLink}. Records may be missing after an interruption; "
            + "write 'delivery: best-effort' to accept that."
        : null;

    /// <summary>What the pipeline requires and can't have.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems
    {
        get
        {
            var problems = new List<ConfigurationProblem>();
            if (_pipeline.Delivery is { } required && required > Provided)
            {
                problems.Add(_pipeline.ProblemAt(
                    "delivery",
                    $"{NameOf(required)} can't be guaranteed: {WeakestLink}. "
                        + $"Change that, or write 'delivery: {NameOf(Provided)}', which can be."));
            }

            if (_pipeline.Until == Until.CaughtUp && _source.Endless)
            {
                problems.Add(_pipeline.ProblemAt(
                    "until",
                    $"the source '{SourceName}' never comes to an end by itself, so it is never caught up; write 'until: forever'."));
            }

            return problems;
        }
    }

    /// <summary>The explanation for people, line by line.</summary>
    public IReadOnlyList<string> Lines =>
    [
        _pipeline.Delivery is { } required
            ? $"Delivery: {NameOf(Provided)}. The pipeline requires {NameOf(required)}."
            : $"Delivery: {NameOf(Provided)}. The pipeline doesn't require any; it is promised {NameOf(Promised)}.",
        _source.Replayable
            ? $"Source '{SourceName}': can read the same records again from a stored position."
            : $"Source '{SourceName}': can't read the same records again.",
        .. _source.Remark is { } remark ? [$"Source '{SourceName}': {remark}"] : Array.Empty<string>(),
        _sink.Replay switch
        {
            SinkReplay.Undone => $"Sink '{SinkName}': undoes what was written after the last commit.",
            SinkReplay.Transactional => $"Sink '{SinkName}': writes records and position in one transaction.",
            _ => $"Sink '{SinkName}': keeps what was written after the last commit.",
        },
        WeakestLink is null ? "Weakest link: none." : $"Weakest link: {WeakestLink}.",
    ];

    private string SourceName => _pipeline.Source.Definition.Name;

    private string SinkName => _pipeline.Sink.Definition.Name;

    /// <summary>Derives the guarantee of a pipeline.</summary>
    public static GuaranteeExplanation Of(PipelineDefinition pipeline) => new(pipeline);

    /// <summary>The guarantee as it is written in a pipeline file.</summary>
    public static string NameOf(DeliveryGuarantee guarantee) => guarantee switch
    {
        DeliveryGuarantee.BestEffort => "best-effort",
        DeliveryGuarantee.AtLeastOnce => "at-least-once",
        _ => "effectively-once",
    };

    private static string Because(string? reason) => reason is null ? "" : $" ({reason.TrimEnd('.')})";
}
