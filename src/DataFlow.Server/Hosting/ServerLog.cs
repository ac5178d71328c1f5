using Microsoft.Extensions.Logging;

namespace DataFlow.Server;

/// <summary>What the API logs: the ids 200-219.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(200, LogLevel.Error, "{Method} {Path} failed; the caller was told that this is not expected.")]
    public static partial void RequestFailed(this ILogger logger, string method, string path, Exception failure);

    [LoggerMessage(201, LogLevel.Warning, "{Pipeline}: {Node} runs it and could not be asked: {Failure}")]
    public static partial void OwnerUnreachable(this ILogger logger, string pipeline, Uri node, string failure);
}
