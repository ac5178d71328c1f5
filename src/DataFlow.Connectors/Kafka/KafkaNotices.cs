using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Passes on what the client says about itself: each kind of message once in a while, because the client repeats an error many
/// times a second. Thread-safe.
/// </summary>
internal sealed partial class KafkaNotices(ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (long At, long Silent)> _said = [];
    private volatile string? _lastError;

    /// <summary>The last error, for sentences about what went wrong.</summary>
    public string? LastError => _lastError;

    /// <summary>Logs an error, unless the same kind was logged just now.</summary>
    /// <returns>True when it was logged.</returns>
    public bool Say(Error error)
    {
        _lastError = KafkaFaults.Reason(error);
        return Say(error.Code.ToString(), _lastError);
    }

    /// <summary>Passes on what the client logs, if it is a warning at least.</summary>
    public void Say(LogMessage line)
    {
        if (line.Level <= SyslogLevel.Warning)
        {
            Say($"log {line.Facility}", line.Message);
        }
    }

    /// <summary>Logs a line, unless one of the same kind was logged just now.</summary>
    /// <returns>True when it was logged.</returns>
    public bool Say(string kind, string text)
    {
        long silent;
        lock (_gate)
        {
            if (_said.TryGetValue(kind, out var before) && time.GetElapsedTime(before.At) < Quiet)
            {
                _said[kind] = before with { Silent = before.Silent + 1 };
                return false;
            }

            silent = before.Silent;
            _said[kind] = (time.GetTimestamp(), 0);
        }

        Log(text, silent == 0 ? "" : $" ({silent} more of this kind since the last line)");
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka: {Text}{More}")]
    private partial void Log(string text, string more);
}
