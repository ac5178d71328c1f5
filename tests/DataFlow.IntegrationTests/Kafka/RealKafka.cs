using DataFlow.KafkaBroker;
using Testcontainers.Kafka;

namespace DataFlow.IntegrationTests.Kafka;

/// <summary>
/// A broker for what the mock can't prove: the one that <c>DATAFLOW_TEST_KAFKA=host:port</c> names, or Apache Kafka in a container
/// where Docker is there. One for all tests of the process.
/// </summary>
internal static class RealKafka
{
    private const string Image = "apache/kafka:4.1.1";

    private static readonly Lazy<Task<(string? Address, string WhyNot)>> Found = new(FindAsync);

    /// <summary>The broker; without one the test is skipped, and says why.</summary>
    public static async Task<TestKafka> StartAsync()
    {
        var (address, whyNot) = await Found.Value;
        Assert.SkipWhen(address is null, whyNot);
        return TestKafka.At(address!);
    }

    private static async Task<(string? Address, string WhyNot)> FindAsync()
    {
        if (Environment.GetEnvironmentVariable(TestKafka.Variable) is { Length: > 0 } address)
        {
            return (address, "");
        }

        try
        {
            var container = new KafkaBuilder(Image).Build();
            await container.StartAsync();
            return (container.GetBootstrapAddress(), "");
        }
        catch (Exception exception)
        {
            // No package installs a broker, so that even where servers are required there may be none.
            return (null, $"The mock cluster can't prove this. Name a real broker by {TestKafka.Variable}=host:port, or let Docker run {Image}: {exception.Message.Split('\n')[0]}");
        }
    }
}
