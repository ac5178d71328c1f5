using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>The next message to read in a partition.</summary>
/// <param name="next">Offset of the next message.</param>
internal sealed class KafkaPosition(long next) : Position
{
    private const int Version = 1;

    /// <inheritdoc/>
    public override long Offset => next;

    /// <summary>Which assignment of the partition the position belongs to: what was read under an earlier one is not committed any more.</summary>
    public long Assignment { get; init; }

    /// <summary>Broker time of the last message before the position, in Unix milliseconds; 0 when unknown.</summary>
    public long Timestamp { get; init; }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", Version);
        writer.WriteNumber("next", next);
        writer.WriteEndObject();
    }
}
