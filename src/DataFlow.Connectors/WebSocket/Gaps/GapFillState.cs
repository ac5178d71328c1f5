using System.Collections.Immutable;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>What the filling of gaps needs to go on after a restart; a part of the position. Immutable.</summary>
/// <param name="Recent">Keys of the newest messages of the stream.</param>
/// <param name="Gaps">In the order in which they are to be filled.</param>
internal sealed record GapFillState(NewestKeys Recent, ImmutableList<OpenGap> Gaps)
{
    // Filled ones are kept for a while; where connections break all the time, not all of them.
    private const int MostKept = 10;

    /// <summary>Before the first message.</summary>
    public static GapFillState Start { get; } = new(NewestKeys.None, []);

    /// <summary>How many are not filled.</summary>
    public int Unfilled => Gaps.Count(gap => !gap.IsFilled);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static GapFillState Read(JsonElement element) => new(
        NewestKeys.Read(element.GetProperty("recent")), [.. element.GetProperty("gaps").EnumerateArray().Select(OpenGap.Read)]);

    /// <summary>The same after more messages of the stream.</summary>
    /// <param name="keys">Theirs.</param>
    /// <param name="most">So many are remembered on each side of a gap.</param>
    public GapFillState Follow(long[] keys, int most) => keys.Length == 0 ? this : new GapFillState(
        Recent.Add(keys, most), [.. Gaps.Select(gap => gap.Add(keys))]);

    /// <summary>The same with a gap at this place of the stream.</summary>
    public GapFillState Open(SourceGap gap, int most) => this with { Gaps = Gaps.Add(new OpenGap(gap, [.. Recent.All], most)) };

    /// <summary>The same for a stream whose keys mean something else from now on: what is known of earlier messages holds for them only.</summary>
    public GapFillState ForgetKeys() => new(NewestKeys.None, [.. Gaps.Select(gap => gap with { Room = 0 })]);

    /// <summary>The same with a changed gap.</summary>
    public GapFillState With(OpenGap changed) => this with { Gaps = Gaps.SetItem(Gaps.FindIndex(gap => gap.Gap == changed.Gap), changed) };

    /// <summary>The same without the gaps that are in the ledger as filled, and have nothing in common with what is still to come.</summary>
    /// <param name="margin">How far a record may be from the gap that it is given out for.</param>
    public GapFillState Forget(TimeSpan margin)
    {
        var done = Gaps.Where(gap => gap is { IsFilled: true, IsEntered: true }).ToList();
        var gone = done.Where((gap, index) => index < done.Count - MostKept
            || (gap.Room == 0 && !Gaps.Exists(other => !other.IsFilled && other.IsBeside(gap, margin))));
        return this with { Gaps = Gaps.RemoveRange(gone) };
    }

    /// <summary>The same with so many bytes at most: without filled gaps, then without the oldest of those that wait. One stays in any case.</summary>
    /// <param name="mostBytes">About, as they stand in a position.</param>
    /// <param name="busy">Is being filled, and stays.</param>
    /// <param name="givenUp">What is not waited for any more.</param>
    public GapFillState Bound(int mostBytes, SourceGap? busy, out IReadOnlyList<SourceGap> givenUp)
    {
        var size = NewestKeys.SizeOf(Recent.Count) + Gaps.Sum(gap => gap.Size);
        var (left, gone) = (Gaps, new List<SourceGap>());
        givenUp = gone;
        foreach (var gap in Gaps.Where(gap => gap.Gap != busy && gap is { IsFilled: true, IsEntered: true } or { IsFilled: false })
            .OrderBy(gap => !gap.IsFilled).ThenBy(gap => gap.Gap.From).ThenBy(gap => gap.Gap.To))
        {
            if (size <= mostBytes || left.Count == 1)
            {
                break;
            }

            (left, size) = (left.Remove(gap), size - gap.Size);
            if (!gap.IsFilled)
            {
                gone.Add(gap.Gap);
            }
        }

        return this with { Gaps = left };
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("recent");
        Recent.Write(writer);
        writer.WriteStartArray("gaps");
        foreach (var gap in Gaps)
        {
            gap.Write(writer);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
