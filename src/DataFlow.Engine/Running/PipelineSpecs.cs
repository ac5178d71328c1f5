using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;

namespace DataFlow.Engine;

/// <summary>What there is to run, from what was configured.</summary>
public static class PipelineSpecs
{
    /// <summary>Attempts without progress after which a run that is meant to end gives up. One that follows never does.</summary>
    private const int MaxAttemptsUntilCaughtUp = 5;

    /// <summary>What a pipeline file says.</summary>
    public static PipelineSpec ToSpec(this PipelineDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return definition.Source.ToSpec(definition.StateName, definition.CreateSource, definition.CreateSink) with
        {
            Transforms = definition.CreateTransforms(),
            Until = definition.EffectiveUntil,
            BatchBytes = (int)definition.MaxBatchBytes.Bytes,
            MaxLatency = definition.EffectiveMaxLatency,
            Workers = definition.Workers == 0 ? Environment.ProcessorCount : definition.Workers,
            CommitInterval = definition.CommitInterval,
            MaxDeadLetters = definition.MaxDeadLetters,
            MaxAttempts = definition.EffectiveUntil == Until.CaughtUp ? MaxAttemptsUntilCaughtUp : null,
        };
    }

    /// <summary>Dead letters of a pipeline, read again with its definition as it is now, delivered to its sink.</summary>
    /// <param name="definition">The pipeline.</param>
    /// <param name="pipelineId">The name that its state is kept under.</param>
    /// <param name="store">Where the letters are.</param>
    /// <param name="filter">Which of them.</param>
    /// <returns>Null when dead letters of this kind of source can't be read again.</returns>
    public static PipelineSpec? ToReplaySpec(this PipelineDefinition definition, string pipelineId, IStateStore store, DeadLetterFilter filter)
    {
        ArgumentNullException.ThrowIfNull(definition);
        if (definition.Source.Definition.ReadAgain is not { } readAgain)
        {
            return null;
        }

        var settings = definition.Source.Settings;
        return definition.ToSpec() with
        {
            PipelineId = pipelineId,
            IsReplay = true,
            SourceCapabilities = new SourceCapabilities(Replayable: true),
            Until = Until.CaughtUp,
            MaxAttempts = MaxAttemptsUntilCaughtUp,
            MaxDeadLetters = null,
            CreateSource = () => new DeadLetterSource(pipelineId, store, filter, (batch, letter, position) => readAgain(settings, batch, letter, position)),
        };
    }

    /// <summary>What a source configuration says, with a sink that is made in code.</summary>
    /// <param name="source">The source.</param>
    /// <param name="pipelineId">The pipeline's name.</param>
    /// <param name="createSource">Makes the source.</param>
    /// <param name="createSink">Makes the sink.</param>
    public static PipelineSpec ToSpec(this PipelineSource source, string pipelineId, Func<ISource> createSource, Func<ISink> createSink)
    {
        ArgumentNullException.ThrowIfNull(source);
        var until = source.Definition.DefaultUntil(source.Settings);
        return new PipelineSpec
        {
            PipelineId = pipelineId,
            SourceType = source.Definition.Name,
            CreateSource = createSource,
            SourceCapabilities = source.Definition.Capabilities(source.Settings),
            SourceStartsOver = source.Definition.Sharing(source.Settings).PositionsMeanShare,
            CreateSink = createSink,
            Until = until,
            BatchSize = source.BatchSize,
            MaxLatency = source.Definition.DefaultMaxLatency,
            PollInterval = source.PollInterval,
            Fingerprint = SourceFingerprint.Of(source).ToString(),
            FingerprintDifference = stored => SourceFingerprint.DescribeDifference(SourceFingerprint.Parse(stored), source),
            MaxAttempts = until == Until.CaughtUp ? MaxAttemptsUntilCaughtUp : null,
        };
    }
}
