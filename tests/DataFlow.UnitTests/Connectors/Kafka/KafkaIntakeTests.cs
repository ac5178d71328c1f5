using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors;

/// <summary>What waits for its batch to fill, without brokers.</summary>
public sealed class KafkaIntakeTests
{
    private const int Partitions = 500;

    [Fact]
    public async Task Many_partitions_with_a_little_each_wait_with_no_more_than_the_buffer_together()
    {
        var context = new TestSourceContext();
        var queue = new KafkaBatchQueue();
        var options = new KafkaSourceOptions { BufferBytes = ByteSize.MiB(1) };
        var intake = new KafkaIntake(context, options, queue) { OnFailure = _ => { }, Wait = TimeSpan.FromHours(1) };
        for (var partition = 0; partition < Partitions; partition++)
        {
            intake.Add(new KafkaPartition("orders", partition, new RecordIdentity("kafka", $"orders:{partition}"), assignment: 1));
        }

        var value = new byte[10_000];
        var read = 0;
        while (queue.HasRoom && read < Partitions)
        {
            intake.Message("orders", new KafkaFrame { KeyLength = KafkaFrame.Null, ValueLength = value.Length }, read++, [], [], value);
        }

        Assert.InRange(read * value.Length, 1, (1 << 20) + value.Length);
        for (var batches = 0; batches < read; batches++)
        {
            (await queue.TakeAsync())!.Release();
        }

        Assert.True(queue.IsEmpty);
        Assert.Equal(0, context.Pool.Lent);
    }
}
