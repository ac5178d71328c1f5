using System.Text.RegularExpressions;
using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>The topics of the cluster and which of them are meant.</summary>
internal sealed class KafkaTopicList(IClient client, IReadOnlyList<string> wanted, string connection)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private readonly Regex[] _patterns =
        [.. wanted.Where(topic => topic.StartsWith('^')).Select(topic => new Regex(topic, RegexOptions.CultureInvariant, Limit))];

    private IReadOnlyList<TopicMetadata> _topics = [];

    /// <summary>The partitions of all topics that are meant.</summary>
    public IEnumerable<TopicPartition> Partitions =>
        from topic in _topics
        where IsWanted(topic.Topic)
        from partition in topic.Partitions
        select new TopicPartition(topic.Topic, partition.PartitionId);

    /// <summary>Asks a broker.</summary>
    /// <returns>False when none has answered within a second.</returns>
    public bool TryRefresh()
    {
        using var admin = new DependentAdminClientBuilder(client.Handle).Build();
        try
        {
            _topics = admin.GetMetadata(Limit).Topics;
            return true;
        }
        catch (KafkaException exception) when (!exception.Error.IsFatal)
        {
            return false;
        }
    }

    /// <summary>The topics that are named and not there.</summary>
    public IEnumerable<string> Absent => wanted.Where(topic => !topic.StartsWith('^') && _topics.All(known => known.Topic != topic));

    /// <exception cref="ConnectorException">A topic that is named is not there.</exception>
    public void ThrowIfAbsent()
    {
        var absent = Absent.ToList();
        if (absent.Count > 0)
        {
            var known = _topics.Select(topic => topic.Topic).Where(topic => !topic.StartsWith("__", StringComparison.Ordinal)).Order().ToList();
            throw ConnectorException.User(
                $"{connection} has no topic '{string.Join("', '", absent)}'; it has "
                + (known.Count == 0 ? "none at all" : string.Join(", ", known.Take(20)) + (known.Count > 20 ? $" and {known.Count - 20} more" : ""))
                + ". Correct the option topic, or create the topic. A user without the right DESCRIBE on a topic does not see it.");
        }
    }

    /// <summary>Lets the brokers make a topic that is not there, where they do that by themselves.</summary>
    /// <exception cref="ConnectorException">It is not there and they don't.</exception>
    public void EnsureExists(string topic, TimeSpan limit)
    {
        if (_topics.Any(known => known.Topic == topic))
        {
            return;
        }

        using var admin = new DependentAdminClientBuilder(client.Handle).Build();
        try
        {
            // Asked for by its name, a topic is made.
            var made = admin.GetMetadata(topic, limit).Topics.FirstOrDefault(known => known.Topic == topic);
            if (made is not null && made.Error.Code is ErrorCode.NoError or ErrorCode.LeaderNotAvailable)
            {
                return;
            }
        }
        catch (KafkaException exception)
        {
            throw ConnectorException.External($"{connection} does not say whether there is a topic '{topic}': {KafkaFaults.Reason(exception.Error)}.", exception);
        }

        ThrowIfAbsent();
    }

    private bool IsWanted(string topic) =>
        wanted.Contains(topic) || (!topic.StartsWith("__", StringComparison.Ordinal) && _patterns.Any(pattern => pattern.IsMatch(topic)));
}
