using System.Text.RegularExpressions;

namespace DataFlow.Connectors;

/// <summary>The rules for topic names, and the names of splits: <c>orders:0</c> is partition 0 of topic orders.</summary>
internal static partial class KafkaTopics
{
    private const int MaxLength = 249;

    /// <summary>What is wrong with a topic or a pattern; null when nothing is.</summary>
    public static string? Problem(string topic)
    {
        if (topic.StartsWith('^'))
        {
            try
            {
                _ = new Regex(topic, RegexOptions.None, TimeSpan.FromSeconds(1));
                return null;
            }
            catch (ArgumentException exception)
            {
                return $"'{topic}' is no regular expression: {exception.Message}";
            }
        }

        return topic.Length is 0 or > MaxLength || topic is "." or ".." || !Name().IsMatch(topic)
            ? $"'{topic}' is no name of a topic: allowed are 1 to {MaxLength} letters, digits, '.', '_' and '-'. A pattern starts with ^."
            : null;
    }

    /// <summary>The split of a partition.</summary>
    public static string SplitOf(string topic, int partition) => $"{topic}:{partition}";

    [GeneratedRegex("^[A-Za-z0-9._-]+$")]
    private static partial Regex Name();
}
