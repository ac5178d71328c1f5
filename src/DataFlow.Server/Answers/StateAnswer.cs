using System.Text.Json.Nodes;
using DataFlow.Engine.State;

namespace DataFlow.Server.Answers;

/// <summary>Positions and counters of a pipeline, as of its last commit.</summary>
public sealed record StateAnswer
{
    /// <summary>The pipeline's name.</summary>
    public required string Pipeline { get; init; }

    /// <summary>Raised by reset and seek.</summary>
    public required long Generation { get; init; }

    /// <summary>Raised by each run.</summary>
    public required long Epoch { get; init; }

    /// <summary>Number of the commit within the generation.</summary>
    public required long Sequence { get; init; }

    /// <summary>When the state last changed.</summary>
    public required DateTimeOffset Updated { get; init; }

    /// <summary>Totals since the pipeline's first run.</summary>
    public required CountersAnswer Counters { get; init; }

    /// <summary>Positions by split.</summary>
    public required IReadOnlyDictionary<string, PositionAnswer> Splits { get; init; }

    internal static StateAnswer Of(PipelineState state) => new()
    {
        Pipeline = state.Pipeline,
        Generation = state.Checkpoint.Generation,
        Epoch = state.Checkpoint.Epoch,
        Sequence = state.Checkpoint.Sequence,
        Updated = state.Updated,
        Counters = CountersAnswer.Of(state.Checkpoint.Counters),
        Splits = state.Checkpoint.Splits
            .OrderBy(split => split.Key, StringComparer.Ordinal)
            .ToDictionary(split => split.Key, split => PositionAnswer.Of(split.Value)),
    };
}

/// <summary>Where a pipeline has got to in a split.</summary>
/// <param name="Offset">As one number for people: lines for files, messages for topics.</param>
/// <param name="Position">What the source needs to go on exactly there; left out when only the number is known, as after a seek.</param>
public sealed record PositionAnswer(long Offset, JsonNode? Position)
{
    internal static PositionAnswer Of(SplitPosition position) =>
        new(position.Offset, position.Json.Length == 0 ? null : JsonNode.Parse(position.Json));
}
