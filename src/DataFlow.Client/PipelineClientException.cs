using System.Net;

namespace DataFlow.Client;

/// <summary>The service refuses what is sent, or could not be reached for as long as it was tried. The message says what to do.</summary>
/// <param name="message">A sentence for people.</param>
/// <param name="status">The answer's status; null when there was none.</param>
/// <param name="innerException">The cause.</param>
public sealed class PipelineClientException(string message, HttpStatusCode? status = null, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>The answer's status; null when there was none.</summary>
    public HttpStatusCode? Status { get; } = status;
}
