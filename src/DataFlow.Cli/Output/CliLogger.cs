using Microsoft.Extensions.Logging;

namespace DataFlow.Cli.Output;

/// <summary>Log lines for people on the error stream: warnings and errors, with <c>--verbose</c> everything.</summary>
internal sealed class CliLogger(TextWriter error, bool verbose) : ILogger, IDisposable
{
    private const int MostOfAKind = 5;

    private readonly Lock _gate = new();
    private readonly Dictionary<EventId, int> _seen = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= (verbose ? LogLevel.Debug : LogLevel.Warning);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
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
