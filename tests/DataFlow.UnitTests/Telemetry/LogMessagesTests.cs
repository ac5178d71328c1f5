using System.Reflection;
using DataFlow.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace DataFlow.UnitTests.Telemetry;

public sealed class LogMessagesTests
{
    private static readonly LoggerMessageAttribute[] Messages =
    [
        .. typeof(LogMessages).GetMethods(BindingFlags.Static | BindingFlags.Public)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>(),
    ];

    [Fact]
    public void Every_message_has_an_id_of_its_own() =>
        Assert.Equal(Messages.Length, Messages.Select(message => message.EventId).Distinct().Count());

    [Fact]
    public void Only_the_start_and_the_end_of_a_run_are_informations() =>
        Assert.Equal(
            [1, 2, 3],
            Messages.Where(message => message.Level == LogLevel.Information).Select(message => message.EventId).Order());

    [Fact]
    public void A_bad_record_is_a_warning_with_its_line_and_the_sentence_of_the_reader()
    {
        var log = new TextLog();

        log.RecordFailed("users.csv: Line 3: 4 fields were found, 3 are allowed.", "too-many-fields");

        Assert.Equal(
            ["Warning 40: users.csv: Line 3: 4 fields were found, 3 are allowed. Skipped, now a dead letter (too-many-fields)."],
            log.Lines);
    }

    [Fact]
    public void The_end_of_a_run_says_what_became_of_the_records()
    {
        var log = new TextLog();

        log.RunCompleted("users", 10, 7, 2, 1, 1.25);

        Assert.Equal(
            ["Information 2: Pipeline users completed: 10 records read, 7 delivered, 2 filtered, 1 dead-lettered in 1.3 s"], log.Lines);
    }

    private sealed class TextLog : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel} {eventId.Id}: {formatter(state, exception)}");
    }
}
