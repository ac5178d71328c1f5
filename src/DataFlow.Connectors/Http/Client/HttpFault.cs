namespace DataFlow.Connectors;

/// <summary>A request that failed, with what is known about trying it again.</summary>
/// <param name="message">A sentence for people: which request, what came back, what to do.</param>
/// <param name="innerException">The cause.</param>
internal sealed class HttpFault(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The same request may succeed later.</summary>
    public bool MayPass { get; init; } = true;

    /// <summary>The moment before which the server wants no further request.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>What was sent is wrong; something else may be taken.</summary>
    public bool IsRefusal { get; init; }

    /// <summary>The wait is too long to be waited here: the attempt has to end.</summary>
    public bool EndsAttempt { get; init; }

    /// <summary>The status of the answer; 0 when there was none.</summary>
    public int Status { get; init; }

    /// <summary>The failure as the engine understands it.</summary>
    public ConnectorException ToConnectorException() => new(
        Message,
        MayPass ? FaultOwner.External : FaultOwner.User,
        !MayPass ? RetryAdvice.Never : NotBefore is { } moment ? RetryAdvice.After(moment) : RetryAdvice.WithBackoff,
        InnerException ?? this);
}
