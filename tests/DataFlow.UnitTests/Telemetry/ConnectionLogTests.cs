using DataFlow.Conformance;
using DataFlow.Engine.Telemetry;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Telemetry;

/// <summary>A log that nobody reads does not hold up the source that reports a failed connection.</summary>
public sealed class ConnectionLogTests
{
    [Fact]
    public async Task Who_reports_a_failed_connection_does_not_wait_for_the_log()
    {
        using var stuck = new StuckLog();
        var log = new ConnectionLog(stuck, "kafka-source");

        for (var number = 0; number < 300; number++)
        {
            log.Say(new IOException($"failure {number}"));
        }

        // Neither does the end of the attempt, for ever.
        await log.EndAsync();
        Assert.Empty(stuck.Lines);
        stuck.Free();
        await log.EndAsync();
        await Eventually.Is(() => stuck.Lines.Count == 100);
        Assert.Equal(Enumerable.Range(0, 100).Select(number => $"Source kafka-source could not reach the other side: failure {number}"), stuck.Lines);
    }
}
