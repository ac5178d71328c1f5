using System.Globalization;
using System.Text;
using System.Text.Json;

namespace DataFlow.Engine;

/// <summary>
/// The dead letters that a commit delivers, as a split of the checkpoint that a sink keeps itself: when our store misses the
/// reply, the sink still knows that they need no other replay. The store has its own marks and never sees this split.
/// </summary>
internal static class ReplayedLetters
{
    /// <summary>Adds the letters to what the sink gets.</summary>
    public static void AddTo(Dictionary<string, SplitPosition> splits, Checkpoint commit, IReadOnlyCollection<long> letters)
    {
        if (letters.Count > 0)
        {
            var json = string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"v":1,"generation":{{commit.Generation}},"sequence":{{commit.Sequence}},"letters":[{{string.Join(',', letters)}}]}""");
            splits[DeadLetterSource.Split] = new SplitPosition(letters.Max(), json);
        }
    }

    /// <summary>The letters that the last commit of a sink delivered, and the splits of the source.</summary>
    public static (IReadOnlyCollection<long> Letters, IReadOnlyDictionary<string, SplitPosition> Splits) TakeFrom(Checkpoint held)
    {
        var splits = new Dictionary<string, SplitPosition>(held.Splits);
        return splits.Remove(DeadLetterSource.Split, out var position) ? (LettersOf(position.Json, held), splits) : ([], splits);
    }

    private static long[] LettersOf(string json, Checkpoint held)
    {
        using var position = JsonDocument.Parse(Encoding.UTF8.GetBytes(json));
        var root = position.RootElement;

        // An older commit's letters may have failed again since, and are open for a reason then.
        return (root.GetProperty("generation").GetInt64(), root.GetProperty("sequence").GetInt64()) == (held.Generation, held.Sequence)
            ? [.. root.GetProperty("letters").EnumerateArray().Select(letter => letter.GetInt64())]
            : [];
    }
}
