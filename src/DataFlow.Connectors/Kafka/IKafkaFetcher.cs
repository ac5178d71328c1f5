namespace DataFlow.Connectors;

/// <summary>Takes messages out of a client and hands them on. On the pump's thread only; callbacks of the client run within.</summary>
internal interface IKafkaFetcher : IDisposable
{
    /// <summary>Waits for messages and hands them to the intake.</summary>
    /// <param name="timeout">Longest wait.</param>
    /// <param name="most">Most messages.</param>
    /// <param name="intake">Copies what it is given.</param>
    /// <returns>Messages and events that came.</returns>
    int Fetch(TimeSpan timeout, int most, IKafkaIntake intake);
}

/// <summary>Takes what a fetcher has got.</summary>
internal interface IKafkaIntake
{
    /// <summary>A message. The spans are valid during the call only.</summary>
    void Message(string topic, in KafkaFrame frame, int partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> headers, ReadOnlySpan<byte> value);

    /// <summary>There is nothing before this offset that has not been handed on.</summary>
    void EndOfPartition(string topic, int partition, long offset);

    /// <summary>Something failed.</summary>
    void Failure(Confluent.Kafka.Error error);
}
