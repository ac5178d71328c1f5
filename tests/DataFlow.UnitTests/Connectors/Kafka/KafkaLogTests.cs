using System.Globalization;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;
using Microsoft.Extensions.Logging;

namespace DataFlow.UnitTests.Connectors;

/// <summary>A log that nobody reads holds nobody up.</summary>
public sealed class KafkaLogTests
{
    [Fact]
    public void Lines_beyond_what_a_log_takes_are_counted_and_nobody_waits_for_them()
    {
        using var stuck = new StuckLog();
        var log = new KafkaLog(stuck);

        for (var line = 0; line < 1500; line++)
        {
            log.LogWarning("line {Number}", line);
        }

        stuck.Free();
        log.Dispose();

        var missing = Assert.Single(stuck.Lines, text => text.EndsWith("did not take them in time.", StringComparison.Ordinal));
        Assert.Equal(1500, stuck.Lines.Count - 1 + int.Parse(missing.Split(' ')[0], CultureInfo.InvariantCulture));
        Assert.Equal("line 0", stuck.Lines.First());
    }

    [Fact]
    public void Its_end_does_not_wait_for_a_log_that_takes_nothing()
    {
        using var stuck = new StuckLog();
        var log = new KafkaLog(stuck);
        log.LogWarning("line");

        log.Dispose();

        Assert.Empty(stuck.Lines);
        stuck.Free();
    }
}
