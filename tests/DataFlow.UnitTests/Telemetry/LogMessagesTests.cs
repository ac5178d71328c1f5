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
    public void In_normal_operation_nothing_is_above_debug() =>
        Assert.DoesNotContain(Messages, message => message.Level == LogLevel.Information);

    [Fact]
    public void A_bad_record_is_a_warning_with_its_line_and_the_sentence_of_the_reader()
    {
        var log = new TextLog();

        log.RecordFailed("users.csv: Line 3: 4 fields were found, 3 are allowed.", "too-many-fields");

        Assert.Equal(
            ["Warning 40: users.csv: Line 3: 4 fields were found, 3 are allowed. Skipped, now a dead letter (too-many-fields)."],
            log.Lines);
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
