using Microsoft.Extensions.Logging;

namespace DataFlow.Cli.Output;

/// <summary>Log lines for people on the error stream: warnings and errors, with <c>--verbose</c> everything.</summary>
/// <param name="error">The error stream.</param>
/// <param name="verbose">Show everything.</param>
/// <param name="requests">Show what is sent to other systems and what they answer: the ids 60-79.</param>
internal sealed class CliLogger(TextWriter error, bool verbose, bool requests = false) : ILogger, IDisposable
{
    private const int MostOfAKind = 5;

    private readonly Lock _gate = new();
    private readonly Dictionary<EventId, int> _seen = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= (verbose || requests ? LogLevel.Debug : LogLevel.Warning);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var isShown = logLevel >= LogLevel.Warning || verbose || (requests && eventId.Id is >= 60 and < 80);
        if (!IsEnabled(logLevel) || !isShown)
        {
            return;
        }

        lock (_gate)
        {
            var times = _seen[eventId] = _seen.GetValueOrDefault(eventId) + 1;
            if (times <= MostOfAKind || verbose)
            {
                error.WriteLine($"{Name(logLevel)}: {formatter(state, exception)}");
            }

            if (times == MostOfAKind && !verbose)
            {
                error.WriteLine($"{Name(logLevel)}: further messages of this kind are not shown; --verbose shows all of them.");
            }

            if (exception is not null && verbose)
            {
                error.WriteLine(exception);
            }
        }
    }

    public void Dispose() => error.Flush();

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Warning => "warning",
        LogLevel.Error or LogLevel.Critical => "error",
        LogLevel.Information => "info",
        _ => "debug",
    };
}
