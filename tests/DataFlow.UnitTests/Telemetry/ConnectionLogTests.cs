using System.Collections.Concurrent;
using DataFlow.Conformance;
using DataFlow.Engine.Telemetry;
using DataFlow.UnitTests.Fakes;
using Microsoft.Extensions.Logging;

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

    [Fact]
    public async Task A_log_that_fails_for_a_while_costs_only_the_lines_of_that_while()
    {
        var failing = new FailingLog { Fails = true };
        var log = new ConnectionLog(failing, "kafka-source");
        for (var number = 0; number < 150; number++)
        {
            log.Say(new IOException($"failure {number}"));
        }

        await log.EndAsync();
        failing.Fails = false;
        log.Say(new IOException("the last one"));
        await log.EndAsync();

        Assert.Equal(["Source kafka-source could not reach the other side: the last one"], failing.Lines);
    }

    private sealed class FailingLog : ILogger
    {
        public volatile bool Fails;

        public ConcurrentQueue<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (Fails)
            {
                throw new IOException("The log's disk is full.");
            }

            Lines.Enqueue(formatter(state, exception));
        }
    }
}
