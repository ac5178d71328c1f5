using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>Where reading goes on in a partition.</summary>
/// <param name="next">Offset of the next message.</param>
internal sealed class KafkaPosition(long next) : Position
{
    private const int Version = 1;

    /// <summary>Offset of the next message.</summary>
    public long Next => next;

    /// <summary>The offset of the last message that was read; 0 where there was none.</summary>
    public override long Offset => Math.Max(0, next - 1);

    /// <summary>Which assignment of the partition the position belongs to: what was read under an earlier one is not committed any more.</summary>
    public long Assignment { get; init; }

    /// <summary>Broker time of the last message before the position, in Unix milliseconds; 0 when unknown.</summary>
    public long Timestamp { get; init; }

    /// <summary>True for a number that somebody gave without a partition: it is good for a topic that has only one.</summary>
    public bool IsBareNumber { get; init; }

    /// <summary>Reads a stored position.</summary>
    /// <returns>The next offset; whether somebody set it by hand, so that it rules over the group's offset; and whether it was a bare number.</returns>
    public static (long Next, bool IsByHand, bool IsBareNumber) Parse(SplitPosition stored)
    {
        if (stored.Json.Length == 0)
        {
            return (stored.Offset + 1, true, false);
        }

        try
        {
            using var document = JsonDocument.Parse(stored.Json);
            var isBareNumber = document.RootElement.TryGetProperty("bare", out _);
            return (document.RootElement.GetProperty("next").GetInt64(), isBareNumber, isBareNumber);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw ConnectorException.User($"The stored position {stored.Json} is no position of a Kafka partition. Start over with --fresh.", exception);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", Version);
        writer.WriteNumber("next", next);
        if (IsBareNumber)
        {
            writer.WriteBoolean("bare", true);
        }

        writer.WriteEndObject();
    }
}
