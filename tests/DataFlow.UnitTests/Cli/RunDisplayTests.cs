using DataFlow.Cli.Output;
using DataFlow.Engine;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Cli;

/// <summary>What is shown of a run that goes on.</summary>
public sealed class RunDisplayTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Progress_has_records_bytes_speed_and_the_time_that_is_left()
    {
        var speed = new RecentSpeed(_time);
        speed.Note(0, 0);
        _time.Advance(TimeSpan.FromSeconds(2));
        speed.Note(2_400_000, 60_000_000);

        var text = RunDisplay.Describe(Progress(2_400_000, 60_000_000, backlog: 180_000_000, total: 240_000_000), speed);

        Assert.Equal("2,400,000 records, 60.0 MB (25% of 240 MB), 1,200,000 records/s, 30.0 MB/s, 6 s left", text);
    }

    [Fact]
    public void Where_the_end_is_not_known_nothing_is_said_about_it()
    {
        var speed = new RecentSpeed(_time);

        Assert.Equal("0 records, 0 B, 0 records/s, 0 B/s", RunDisplay.Describe(Progress(0, 0, null, null), speed));
    }

    [Fact]
    public void The_speed_is_that_of_the_last_seconds()
    {
        var speed = new RecentSpeed(_time);
        speed.Note(0, 0);
        for (var second = 1; second <= 60; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            speed.Note(Math.Min(second, 40) * 1000, 0);
        }

        Assert.Equal(0, speed.Records);
    }

    [Theory]
    [InlineData(0.2, "1 s")]
    [InlineData(59, "59 s")]
    [InlineData(200, "3 min 20 s")]
    [InlineData(7500, "2 h 5 min")]
    [InlineData(360_000, "4 d 4 h")]
    public void A_duration_has_its_two_largest_units(double seconds, string text) =>
        Assert.Equal(text, Duration.Format(TimeSpan.FromSeconds(seconds)));

    private static PipelineProgress Progress(long read, long bytes, long? backlog, long? total) =>
        new(RunState.Running, new RecordCounters { Read = read, Bytes = bytes }, 0, backlog, total, IsHealthy: true, Reason: null);
}
