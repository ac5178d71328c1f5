namespace DataFlow.Conformance;

/// <content>Restarts, crashes, identities.</content>
public abstract partial class SourceConformance<TFixture>
{
    private const int Published = 40;

    [Fact]
    public async Task A_restart_at_every_batch_boundary_loses_and_doubles_nothing()
    {
        await Fixture.PublishAsync(Published, Ct);
        var bench = Bench();
        for (var run = 0; bench.Collected.Count < Published; run++)
        {
            // One batch is committed, the process dies with the second one in its hands.
            Assert.True(run <= Published, "A run that commits a batch has to begin after it.");
            await bench.RunAsync(expected: Published, faults: new FaultSchedule().At(FaultStep.SinkWrite, 2, Fault.Crash));
        }

        Assert.Null((await bench.RunAsync(expected: Published)).Error);
        AssertOrdered(bench);
        await AssertExactAsync(bench, Published);
    }

    [Fact]
    public async Task A_crash_before_anything_is_committed_loses_and_doubles_nothing()
    {
        await Fixture.PublishAsync(Published, Ct);
        var bench = Bench();
        for (var write = 2; write <= 4; write++)
        {
            var faults = new FaultSchedule().At(FaultStep.SinkWrite, write, Fault.Crash);
            await bench.RunAsync(expected: Published, faults, spec => spec with { CommitInterval = TimeSpan.FromHours(1) });
        }

        Assert.Null((await bench.RunAsync(expected: Published)).Error);
        await AssertExactAsync(bench, Published);
    }

    [Fact]
    public async Task A_crash_between_commit_and_acknowledgement_loses_and_doubles_nothing()
    {
        await Fixture.PublishAsync(Published, Ct);
        var bench = Bench();
        for (var acknowledgement = 1; acknowledgement <= 3; acknowledgement++)
        {
            var faults = new FaultSchedule().At(FaultStep.Acknowledge, acknowledgement, Fault.Crash);
            await bench.RunAsync(expected: Published, faults);
        }

        Assert.Null((await bench.RunAsync(expected: Published)).Error);
        await AssertExactAsync(bench, Published);
    }

    [Fact]
    public async Task Each_record_has_a_delivery_id_of_its_own_which_is_the_same_when_it_is_read_again()
    {
        await Fixture.PublishAsync(Published, Ct);
        var first = Bench();
        var second = Bench();

        await first.RunAsync(expected: Published);
        await second.RunAsync(expected: Published, faults: new FaultSchedule().At(FaultStep.SinkWrite, 2, Fault.Crash));
        await second.RunAsync(expected: Published, change: spec => spec with { BatchSize = 3 });

        var ids = first.Collected.All.ToDictionary(record => Fixture.NumberOf(record.Record), record => record.Record.DeliveryId);
        Assert.DoesNotContain(Guid.Empty, ids.Values);
        Assert.Equal(Published, ids.Values.Distinct().Count());
        Assert.Equal(
            ids.OrderBy(id => id.Key),
            second.Collected.All
                .Select(record => KeyValuePair.Create(Fixture.NumberOf(record.Record), record.Record.DeliveryId))
                .OrderBy(id => id.Key));
    }
}
