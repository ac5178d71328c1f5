namespace DataFlow.Server.Problems;

/// <summary>The request can't be answered, for a reason that only HTTP knows.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">A sentence: what was found, what is allowed, what to do.</param>
internal sealed class ProblemException(int status, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;
}
