using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataFlow;

/// <summary>
/// A time in which a source did not hear its other side, and what it missed meanwhile as far as it can tell. An entry of the gap
/// ledger: kept in the pipeline's history. After a crash entries may overlap; together they cover everything. Immutable.
/// </summary>
/// <param name="From">Nothing from before this moment is missing.</param>
/// <param name="To">When the source heard its other side again.</param>
/// <param name="Last">Sequence number of the last record before; null when records have none.</param>
/// <param name="Next">Sequence number of the first record afterwards; null when records have none, or none came.</param>
/// <param name="Missing">How many records are missing between them; null when that can't be told.</param>
/// <param name="Reason">What happened: a sentence.</param>
/// <param name="Filled">How many records were found for it afterwards; null while it is not filled.</param>
/// <param name="Unfilled">Why it stays as it is though somebody was to fill it; null otherwise.</param>
public sealed record SourceGap(
    [property: JsonPropertyName("from")] DateTimeOffset From,
    [property: JsonPropertyName("to")] DateTimeOffset To,
    [property: JsonPropertyName("last")] long? Last,
    [property: JsonPropertyName("next")] long? Next,
    [property: JsonPropertyName("missing")] long? Missing,
    [property: JsonPropertyName("reason")] string Reason,
    [property: JsonPropertyName("filled")] long? Filled = null,
    [property: JsonPropertyName("unfilled")] string? Unfilled = null)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The gap ledger: each gap once, with what became of it.</summary>
    /// <param name="entries">
    /// As they were entered, the oldest first: a gap comes again when it is filled, and with a later end when a run had ended in it.
    /// </param>
    public static IReadOnlyList<SourceGap> Ledger(IEnumerable<SourceGap> entries)
    {
        var gaps = entries.GroupBy(gap => gap.AsEntered).Select(gap => gap.Last()).ToList();
        var newest = gaps.GroupBy(gap => (gap.From, gap.Last)).ToDictionary(same => same.Key, same => same.Last());
        return [.. gaps.Where(gap => gap is { Next: not null } or { Filled: not null } || newest[(gap.From, gap.Last)] is var last && (last == gap || last.To < gap.To))];
    }

    /// <summary>Without what became of it: the same for all of its entries.</summary>
    [JsonIgnore]
    public SourceGap AsEntered => this with { Filled = null, Unfilled = null };

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static SourceGap Parse(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<SourceGap>(json, Json) ?? throw new FormatException("This is no gap.");
        }
        catch (JsonException exception)
        {
            throw new FormatException("This is no gap.", exception);
        }
    }

    /// <summary>One small JSON object.</summary>
    public override string ToString() => JsonSerializer.Serialize(this, Json);
}
