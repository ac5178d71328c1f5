using System.Text.Json;

namespace DataFlow.Engine.Configuration;

/// <summary>Finds the name that somebody probably meant.</summary>
internal static class Suggestion
{
    private const int ShortestPrefix = 3;

    /// <summary>The candidate nearest to a text, or null when none is near enough to be meant.</summary>
    public static string? For(string text, IEnumerable<string> candidates)
    {
        var wanted = Normalise(text);
        if (wanted.Length == 0)
        {
            return null;
        }

        var nearest = candidates
            .Select(candidate => (candidate, distance: Distance(wanted, Normalise(candidate))))
            .OrderBy(pair => pair.distance)
            .FirstOrDefault((candidate: "", distance: int.MaxValue));
        var farthest = Math.Clamp(wanted.Length / 3, 1, 3);
        return nearest.distance <= farthest ? nearest.candidate
            : wanted.Length < ShortestPrefix ? null
            : candidates.FirstOrDefault(candidate => Normalise(candidate).StartsWith(wanted, StringComparison.Ordinal));
    }

    /// <summary><c> Did you mean 'x'?</c>, or nothing.</summary>
    public static string Sentence(string text, IEnumerable<string> candidates) =>
        For(text, candidates) is { } name ? $" Did you mean '{name}'?" : "";

    // camelCase, snake_case and SHOUTING of the right name are the right name.
    private static string Normalise(string text)
    {
        var kebab = text.Any(char.IsLower) ? JsonNamingPolicy.KebabCaseLower.ConvertName(text) : text.ToLowerInvariant();
        return kebab.Replace('_', '-').Replace(' ', '-');
    }

    // Optimal string alignment: insertions, deletions, replacements and swaps of neighbours cost one each.
    private static int Distance(string left, string right)
    {
        var costs = new int[left.Length + 1, right.Length + 1];
        for (var i = 0; i <= left.Length; i++)
        {
            costs[i, 0] = i;
        }

        for (var j = 0; j <= right.Length; j++)
        {
            costs[0, j] = j;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            for (var j = 1; j <= right.Length; j++)
            {
                var replaced = costs[i - 1, j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                costs[i, j] = Math.Min(replaced, Math.Min(costs[i - 1, j], costs[i, j - 1]) + 1);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                {
                    costs[i, j] = Math.Min(costs[i, j], costs[i - 2, j - 2] + 1);
                }
            }
        }

        return costs[left.Length, right.Length];
    }
}
