using Confluent.Kafka;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.UnitTests.Connectors;

/// <summary>What becomes of partitions that come and go, without brokers.</summary>
public sealed class KafkaAssignmentTests : IDisposable
{
    private static readonly TopicPartition Partition = new("orders", 0);

    private readonly CancellationTokenSource _disposing = new();
    private readonly TestSourceContext _context = new() { MostRecords = 2 };
    private readonly KafkaBatchQueue _queue = new();
    private readonly KafkaIntake _intake;
    private readonly KafkaAssignment _assignment;

    public KafkaAssignmentTests()
    {
        _intake = new KafkaIntake(_context, new KafkaSourceOptions(), _queue) { OnFailure = _ => { }, Wait = TimeSpan.FromSeconds(1) };
        _assignment = new KafkaAssignment(_context, NullLogger.Instance, _intake, _queue, TimeSpan.FromSeconds(3), _disposing.Token);
        Take();
    }

    public void Dispose() => _disposing.Dispose();

    [Fact]
    public async Task An_attempt_that_ends_in_the_middle_of_a_revocation_is_not_held_up_by_it()
    {
        await TakeBatchAsync();

        // The sink has failed: nobody acknowledges, and drains are answered at once. The clock stands still.
        var revoking = Task.Run(() => _assignment.Revoked([Partition]));
        await _context.Draining.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await _disposing.CancelAsync();

        await revoking.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Null(_assignment.Failure);
    }

    [Fact]
    public async Task What_was_read_before_a_partition_was_lost_is_never_committed_not_even_when_it_has_come_back()
    {
        var batch = await TakeBatchAsync();

        _assignment.Lost([Partition]);
        Assert.Empty(_assignment.Acknowledge(batch.Advances));
        Take();

        Assert.Empty(_assignment.Acknowledge(batch.Advances));
        Assert.Equal(["orders:0"], _context.LostSplits);
    }

    [Fact]
    public async Task What_is_acknowledged_of_a_partition_that_is_ours_may_be_committed()
    {
        var batch = await TakeBatchAsync();

        Assert.Equal([new TopicPartitionOffset(Partition, 2)], _assignment.Acknowledge(batch.Advances));
    }

    [Fact]
    public async Task What_is_given_back_takes_along_what_was_acknowledged_a_moment_before()
    {
        var batch = await TakeBatchAsync();

        // The engine's thread stands still between this and the storing of the offset.
        _assignment.Acknowledge(batch.Advances);

        Assert.Equal([new TopicPartitionOffset(Partition, 2)], _assignment.Revoked([Partition]));
    }

    [Fact]
    public void A_start_of_which_nothing_was_delivered_is_where_the_next_owner_starts_too()
    {
        Assert.Equal([new TopicPartitionOffset(Partition, 0)], _assignment.Revoked([Partition]));
        Assert.Empty(_assignment.Revoked([Partition]));
    }

    private void Take() => _assignment.Take([new KafkaStarts.Start(Partition, 0, EndAtStart: 10, IsNew: false)]);

    private async Task<RecordBatch> TakeBatchAsync()
    {
        for (var offset = 0; offset < 2; offset++)
        {
            _intake.Message("orders", new KafkaFrame { Offset = offset, KeyLength = KafkaFrame.Null, ValueLength = 2 }, 0, [], [], "{}"u8);
        }

        return (await _queue.TakeAsync())!;
    }
}
