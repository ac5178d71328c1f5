using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Hands log lines over to a thread of its own: whoever logs on a thread of the client may not wait for a terminal or pipe that
/// nobody reads, because the client would stand still with it. Lines for which there is no room are counted instead. Thread-safe.
/// </summary>
internal sealed partial class KafkaLog : ILogger, IDisposable
{
    private const int Most = 1000;

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(2);

    private readonly Channel<Action> _lines = Channel.CreateBounded<Action>(new BoundedChannelOptions(Most) { SingleReader = true });
    private readonly ILogger _log;
    private readonly Task _writing;
    private long _dropped;

    public KafkaLog(ILogger log)
    {
        _log = log;
        _writing = Task.Factory.StartNew(Write, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => _log.IsEnabled(logLevel);

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!_lines.Writer.TryWrite(() => _log.Log(logLevel, eventId, state, exception, formatter)))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Waits until the lines are written, but not for a log that takes none.</summary>
    public void Dispose()
    {
        _lines.Writer.TryComplete();
        Task.WaitAny([_writing], LongestEnd);
    }

    private void Write()
    {
        while (_lines.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_lines.Reader.TryRead(out var line))
            {
                line();
                if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
                {
                    LogDropped(_log, dropped);
                }
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} lines of the Kafka client are missing here, because the log did not take them in time.")]
    private static partial void LogDropped(ILogger logger, long count);
}
