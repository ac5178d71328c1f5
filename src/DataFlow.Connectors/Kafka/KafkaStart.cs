using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>Where to start in partitions without a committed offset. Immutable.</summary>
internal sealed record KafkaStart
{
    /// <summary>What the library does for a partition for which nothing else is known.</summary>
    public string Reset { get; private init; } = "earliest";

    /// <summary>The first message at or after this moment; null when the start is not a time.</summary>
    public DateTimeOffset? At { get; private init; }

    /// <summary>The offset to start from, by topic and partition.</summary>
    public IReadOnlyDictionary<(string Topic, int Partition), long> Offsets { get; private init; } =
        new Dictionary<(string, int), long>();

    /// <summary>Reads the option.</summary>
    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? TryParse(IReadOnlyList<string> texts, out KafkaStart start)
    {
        start = new KafkaStart();
        if (texts is [var single])
        {
            switch (single.ToLowerInvariant())
            {
                case "earliest" or "latest" or "error":
                    start = start with { Reset = single.ToLowerInvariant() };
                    return null;
                case var text when text.StartsWith("timestamp:", StringComparison.Ordinal):
                    return TryParseTime(single["timestamp:".Length..], ref start);
            }
        }

        var offsets = new Dictionary<(string, int), long>();
        foreach (var text in texts)
        {
            if (text.Split(':') is not [{ Length: > 0 } topic, var partition, var offset]
                || !int.TryParse(partition, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || !long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var from))
            {
                return $"'{text}' is not allowed; write earliest, latest, error, timestamp:2024-01-01T00:00:00Z, or a list of topic:partition:offset such as orders:0:1200.";
            }

            if (!offsets.TryAdd((topic, number), from))
            {
                return $"Partition {number} of topic '{topic}' is listed twice; give it one offset.";
            }
        }

        start = start with { Offsets = offsets };
        return offsets.Count > 0 ? null : "There is no value; write earliest, latest, error, timestamp:... or topic:partition:offset.";
    }

    private static string? TryParseTime(string text, ref KafkaStart start)
    {
        const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        DateTimeOffset at;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            at = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        }
        else if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, Styles, out at))
        {
            return $"'timestamp:{text}' is no time; write it as timestamp:2024-01-01T00:00:00Z or as Unix milliseconds.";
        }

        start = start with { At = at };
        return null;
    }
}
