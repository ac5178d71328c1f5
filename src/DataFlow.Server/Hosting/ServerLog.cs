using Microsoft.Extensions.Logging;

namespace DataFlow.Server;

/// <summary>What the API logs: the ids 200-219.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(200, LogLevel.Error, "{Method} {Path} failed; the caller was told that this is not expected.")]
    public static partial void RequestFailed(this ILogger logger, string method, string path, Exception failure);

    [LoggerMessage(201, LogLevel.Warning, "{Pipeline}: {Node} runs it and could not be asked: {Failure}")]
    public static partial void OwnerUnreachable(this ILogger logger, string pipeline, Uri node, string failure);

    [LoggerMessage(210, LogLevel.Information, "The certificate {File} was replaced; new connections get the new one, good until {Until}")]
    public static partial void CertificateRenewed(this ILogger logger, string file, DateTime until);

    [LoggerMessage(211, LogLevel.Warning, "The certificate {File} was replaced and can't be used, so that the old one goes on: {Reason}")]
    public static partial void CertificateUnusable(this ILogger logger, string file, string reason);

    [LoggerMessage(212, LogLevel.Warning, "Others reach {Address} without TLS: keys and tokens can be read on the way, unless a proxy encrypts them")]
    public static partial void ListensWithoutTls(this ILogger logger, Uri address);
}
