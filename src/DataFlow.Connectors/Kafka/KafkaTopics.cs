using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace DataFlow.Connectors;

/// <summary>The rules for topic names, and the names of splits: <c>orders:0</c> is partition 0 of topic orders.</summary>
internal static class KafkaTopics
{
    private const int MaxLength = 249;

    private static readonly SearchValues<byte> Letters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"u8);

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

        return !IsName(Encoding.UTF8.GetBytes(topic))
            ? $"'{topic}' is no name of a topic: allowed are 1 to {MaxLength} letters, digits, '.', '_' and '-'. A pattern starts with ^."
            : null;
    }

    /// <summary>True for a name that a topic may have.</summary>
    public static bool IsName(ReadOnlySpan<byte> topic) =>
        topic.Length is > 0 and <= MaxLength && !topic.SequenceEqual("."u8) && !topic.SequenceEqual(".."u8) && !topic.ContainsAnyExcept(Letters);

    /// <summary>The split of a partition.</summary>
    public static string SplitOf(string topic, int partition) => $"{topic}:{partition}";
}
