using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>What is logged about requests: ids 60-79, all at Debug but for waits and repetitions. Secrets are masked by the caller.</summary>
internal static partial class HttpLog
{
    [LoggerMessage(60, LogLevel.Debug, "request: {Method} {Address} {Headers}{Body}")]
    public static partial void Request(this ILogger logger, string method, string address, string headers, string body);

    [LoggerMessage(61, LogLevel.Debug, "answer: {Status} from {Address} after {Seconds:0.000} s, {MediaType}")]
    public static partial void Answer(this ILogger logger, int status, string address, double seconds, string mediaType);

    [LoggerMessage(62, LogLevel.Debug, "answer starts with: {Head}")]
    public static partial void AnswerHead(this ILogger logger, string head);

    [LoggerMessage(63, LogLevel.Warning, "{Reason} Sent again (repetition {Repetition} of {Most}).")]
    public static partial void Repeats(this ILogger logger, string reason, int repetition, int most);

    [LoggerMessage(64, LogLevel.Information, "{Reason}")]
    public static partial void Waits(this ILogger logger, string reason);

    [LoggerMessage(65, LogLevel.Warning, "{Reason}")]
    public static partial void Hint(this ILogger logger, string reason);
}
