using DataFlow.KafkaBroker;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>One cluster for all tests of a class.</summary>
public sealed class KafkaFixture : IAsyncLifetime
{
    /// <summary>The cluster.</summary>
    public TestKafka Kafka { get; private set; } = null!;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => Kafka = await TestKafka.StartAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Kafka.DisposeAsync();
}
