using DataFlow.Engine;

namespace DataFlow.Conformance;

/// <content>Bad records, failures, secrets, metrics.</content>
public abstract partial class SourceConformance<TFixture>
{
    /// <summary>Metrics that every source has, whatever happens.</summary>
    private static readonly string[] Counters =
    [
        "dataflow.source.records.read", "dataflow.source.bytes.read", "dataflow.source.records.skipped", "dataflow.source.batches.sent",
        "dataflow.source.batch.size", "dataflow.source.batch.duration", "dataflow.pipeline.records.delivered",
    ];

    [Fact]
    public async Task A_malformed_record_becomes_a_dead_letter_and_the_others_go_on()
    {
        await Fixture.PublishAsync(5, Ct);
        await Fixture.PublishMalformedAsync(Ct);
        await Fixture.PublishAsync(5, Ct);
        var bench = Bench();

        var outcome = await bench.RunAsync(expected: 10);

        Assert.Null(outcome.Error);
        await AssertExactAsync(bench, 10);
        Assert.Equal((11, 1), (outcome.Run.Read, outcome.Run.DeadLettered));
        var letter = Assert.Single(await bench.DeadLettersAsync()).Error;
        Assert.Equal(RecordError.Stages.Source, letter.Stage);
        Assert.NotEmpty(letter.Raw);
        Assert.NotEmpty(letter.Message);
        Assert.NotEqual(Guid.Empty, letter.DeliveryId);
        Assert.DoesNotContain(letter.DeliveryId, bench.Collected.All.Select(record => record.Record.DeliveryId));
        Assert.Equal(1, bench.Metrics["dataflow.source.records.skipped"]);
    }

    [Fact]
    public async Task Another_side_that_does_not_answer_is_an_external_fault_that_may_pass()
    {
        var bench = Bench(() => Fixture.Unreachable);

        var outcome = await bench.RunAsync();

        Assert.Equal(RunState.Failed, outcome.State);
        var error = Assert.IsType<ConnectorException>(outcome.Error);
        Assert.Equal(FaultOwner.External, error.Owner);
        Assert.NotEqual(RetryKind.Never, error.Retry.Kind);
        Assert.True(
            bench.Metrics["dataflow.source.errors"] + bench.Metrics["dataflow.source.connection.errors"] > 0, "No counter shows the failure.");
        Assert.Equal(0, bench.Pool.Lent);
    }

    [Fact]
    public async Task What_somebody_has_to_mend_is_a_user_fault_that_is_not_tried_again()
    {
        var bench = Bench(() => Fixture.Refused);

        var outcome = await bench.RunAsync();

        Assert.Equal(RunState.Failed, outcome.State);
        var error = Assert.IsType<ConnectorException>(outcome.Error);
        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
        Assert.Equal(1, bench.Metrics["dataflow.source.errors"]);
        Assert.Equal(0, bench.Pool.Lent);
    }

    [Fact]
    public async Task Its_secrets_are_in_no_message_and_no_log()
    {
        await Fixture.PublishAsync(3, Ct);
        Assert.NotEmpty(Fixture.Secret);
        foreach (var config in new Func<SourceConfig>[] { () => Fixture.Config, () => Fixture.Unreachable, () => Fixture.Refused })
        {
            var bench = Bench(config);

            var outcome = await bench.RunAsync(expected: 3);

            Assert.All(await bench.SeenAsync(outcome), text => Assert.DoesNotContain(Fixture.Secret, text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_connection_that_is_cut_costs_no_record()
    {
        await Fixture.PublishAsync(150, Ct);
        var bench = Bench();
        var interrupted = false;

        var outcome = await bench.RunAsync(
            expected: 300,
            change: spec => spec with
            {
                MaxAttempts = 10,
                Transforms = [new Doing(() =>
                {
                    if (!interrupted)
                    {
                        interrupted = true;
                        Fixture.InterruptAsync(Ct).AsTask().Wait(SourceBench.Limit);
                        Fixture.PublishAsync(150, Ct).AsTask().Wait(SourceBench.Limit);
                    }
                })],
            });

        Assert.True(interrupted);
        Assert.Null(outcome.Error);
        await bench.RunAsync(expected: 300);
        await AssertExactAsync(bench, 300);
    }

    [Fact]
    public async Task Its_counters_are_there_and_agree_with_what_was_read()
    {
        await Fixture.PublishAsync(20, Ct);
        var bench = Bench();

        await bench.RunAsync(expected: 20);

        Assert.All(Counters, counter => Assert.Contains(counter, bench.Metrics.Names));
        Assert.Equal(20, bench.Metrics["dataflow.source.records.read"]);
        Assert.Equal(20, bench.Metrics["dataflow.pipeline.records.delivered"]);
        Assert.Equal(20, bench.Metrics["dataflow.source.batch.size"]);
        Assert.True(bench.Metrics["dataflow.source.bytes.read"] > 0, "The source reports no bytes.");
        Assert.Equal(0, bench.Metrics["dataflow.source.errors"]);
    }

    /// <summary>Does something when a batch passes by.</summary>
    private sealed class Doing(Action action) : ITransform
    {
        public RecordBatch Apply(RecordBatch batch)
        {
            action();
            return batch;
        }
    }
}
