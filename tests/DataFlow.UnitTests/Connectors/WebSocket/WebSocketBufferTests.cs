using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors;

/// <summary>A slow pipeline in front of a fast server.</summary>
public sealed class WebSocketBufferTests
{
    [Fact]
    [Trait("claim", "WS-20")]
    public void A_lone_message_waits_50_ms_at_most_by_default() =>
        Assert.Equal(TimeSpan.FromMilliseconds(50), WebSocketSourceDefinition.Definition.DefaultMaxLatency);

    [Fact]
    [Trait("claim", "WS-20")]
    public async Task A_partial_batch_is_given_out_when_its_first_message_is_as_old_as_max_latency()
    {
        var (buffer, context) = Buffer(latency: TimeSpan.FromMilliseconds(50));
        await AddAsync(buffer, 1);
        context.Clock.Advance(TimeSpan.FromMilliseconds(49));
        await AddAsync(buffer, 2);
        var taking = buffer.TakeAsync().AsTask();
        Assert.False(taking.IsCompleted);

        context.Clock.Advance(TimeSpan.FromMilliseconds(1));

        var batch = (await taking)!;
        Assert.Equal(2, MessageFrame.Follow(StreamPlace.Start, batch.Data.AsSpan(0, batch.Length), out _).Number);
        batch.Release();
    }

    [Fact]
    [Trait("claim", "WS-21")]
    public async Task A_full_buffer_blocks_the_receiver_until_a_batch_is_taken()
    {
        var (buffer, context) = Buffer(batchSize: 10);
        for (var number = 1; number <= 40; number++)
        {
            Assert.True(AddAsync(buffer, number).IsCompletedSuccessfully);
        }

        var waiting = AddAsync(buffer, 41).AsTask();
        Assert.False(waiting.IsCompleted);
        Assert.Contains(context.Reports, report => report.Health == SourceHealth.Waiting);

        (await buffer.TakeAsync())!.Release();

        await waiting;
        buffer.Dispose();
        Assert.Equal(0, context.Pool.Lent);
    }

    [Fact]
    [Trait("claim", "WS-21")]
    public async Task A_buffer_is_bounded_in_bytes_too_but_takes_one_message_of_any_size()
    {
        var (buffer, _) = Buffer(options: new WebSocketSourceOptions { BufferBytes = new ByteSize(4096) });

        Assert.True(AddAsync(buffer, 1, bytes: 100_000).IsCompletedSuccessfully);
        Assert.False(AddAsync(buffer, 2).IsCompleted);

        (await buffer.TakeAsync())!.Release();
        buffer.Dispose();
    }

    [Fact]
    public async Task A_batch_that_can_take_no_more_is_given_out_at_once()
    {
        var (buffer, _) = Buffer(latency: TimeSpan.FromHours(1), options: new WebSocketSourceOptions { BufferBytes = new ByteSize(4096) });
        await AddAsync(buffer, 1, bytes: 3000);
        var taking = buffer.TakeAsync().AsTask();
        Assert.False(taking.IsCompleted);

        var adding = AddAsync(buffer, 2, bytes: 3000).AsTask();

        (await taking)!.Release();
        await adding;
        buffer.Dispose();
    }

    [Fact]
    [Trait("claim", "WS-21")]
    public async Task Drop_oldest_gives_up_the_oldest_and_counts_them()
    {
        var (buffer, context) = Buffer(batchSize: 10, options: new WebSocketSourceOptions { OnFull = FullBufferPolicy.DropOldest });
        for (var number = 1; number <= 95; number++)
        {
            Assert.True(AddAsync(buffer, number).IsCompletedSuccessfully);
        }

        buffer.Complete(null);
        var (dropped, taken) = (0, 0);
        while (await buffer.TakeAsync() is { } batch)
        {
            dropped += batch.Dropped;
            var place = MessageFrame.Follow(StreamPlace.Start, batch.Data.AsSpan(0, batch.Length), out _);
            taken += place.Number == 95 ? 5 : 10;
            Assert.True(place.Number > 60);
            batch.Release();
        }

        Assert.Equal(95, dropped + taken);
        Assert.Equal(60, dropped);
        Assert.Equal(0, context.Pool.Lent);
    }

    [Fact]
    public async Task Dropped_messages_keep_the_counters_balanced()
    {
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            for (var number = 1; number <= 1000; number++)
            {
                await connection.SendAsync($$"""{"n":{{number}}}""");
            }

            await connection.SendAsync("""{"n":"end"}""");
            await connection.UntilClosedAsync();
        });
        using var bench = WebSocketRun.Bench(server.Address, ("on-full", "drop-oldest"), ("buffer-records", "10"));
        var waiting = 0;

        // At the worst everything has come before the first batch is taken, and the buffer holds six.
        var outcome = await bench.RunAsync(expected: 6, change: spec => spec with
        {
            BatchSize = 5,
            Transforms = [new Waiting(() =>
            {
                if (Interlocked.Increment(ref waiting) == 1)
                {
                    Eventually.Is(() => bench.Metrics["dataflow.source.websocket.messages"] == 1001).Wait();
                }
            })],
        });

        Assert.Null(outcome.Error);
        Assert.Equal(1001, outcome.Run.Read);
        Assert.True(outcome.Run.Dropped > 0);
        Assert.Equal(0, outcome.Run.Unaccounted);
        Assert.Equal(outcome.Run.Dropped, bench.Metrics["dataflow.source.websocket.dropped"]);
        Assert.Equal(bench.Collected.Count, outcome.Run.Delivered);
    }

    private static (MessageBuffer Buffer, TestSourceContext Context) Buffer(
        int batchSize = 1000, TimeSpan? latency = null, WebSocketSourceOptions? options = null)
    {
        var context = new TestSourceContext { MostRecords = batchSize, Latency = latency ?? TimeSpan.FromSeconds(1) };
        return (new MessageBuffer(options ?? new WebSocketSourceOptions(), context, StreamPlace.Start, new WebSocketMetrics("p", context.Clock)), context);
    }

    private static ValueTask AddAsync(IMessageQueue queue, int number, int bytes = 20) => queue.AddAsync(
        new MessageFrame { Number = number, Length = bytes, Sequence = MessageFrame.NoSequence, CursorLength = -1 }, new byte[bytes], default);

    private sealed class Waiting(Action action) : ITransform
    {
        public RecordBatch Apply(RecordBatch batch)
        {
            action();
            return batch;
        }
    }
}
