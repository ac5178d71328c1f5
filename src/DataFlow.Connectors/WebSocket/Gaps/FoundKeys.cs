using System.Collections.Immutable;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>
/// Keys of the records that were found for a gap, as hashes. Of many, only the first and the last ones: an API lists them forward or
/// backward, so that what lies beside the gap is at an end of the list. Immutable.
/// </summary>
internal sealed class FoundKeys
{
    private readonly NewestKeys _first;
    private readonly NewestKeys _last;
    private readonly ImmutableHashSet<long> _all;

    private FoundKeys(NewestKeys first, NewestKeys last, ImmutableHashSet<long> all) => (_first, _last, _all) = (first, last, all);

    /// <summary>Nothing was found.</summary>
    public static FoundKeys None { get; } = new(NewestKeys.None, NewestKeys.None, []);

    public bool IsEmpty => _all.IsEmpty;

    /// <summary>How many are kept.</summary>
    public int Count => _first.Count + _last.Count;

    public bool Contains(long hash) => _all.Contains(hash);

    /// <summary>The same with more keys.</summary>
    /// <param name="keys">In the order of the list.</param>
    /// <param name="most">So many are kept at each end.</param>
    public FoundKeys Add(long[] keys, int most)
    {
        var beginning = Math.Clamp(most - _first.Count, 0, keys.Length);
        var last = _last.Add(keys[beginning..], most, out var dropped);
        return new FoundKeys(_first.Add(keys[..beginning], most), last, _all.Union(keys).Except(dropped));
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static FoundKeys Read(JsonElement element)
    {
        var (first, last) = (NewestKeys.Read(element.GetProperty("first")), NewestKeys.Read(element.GetProperty("last")));
        return new FoundKeys(first, last, [.. first.All, .. last.All]);
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("first");
        _first.Write(writer);
        writer.WritePropertyName("last");
        _last.Write(writer);
        writer.WriteEndObject();
    }
}
