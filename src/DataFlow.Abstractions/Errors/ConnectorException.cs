namespace DataFlow;

/// <summary>Whose fault a failure is.</summary>
public enum FaultOwner
{
    /// <summary>Configuration, rights, a missing file: somebody has to change something.</summary>
    User,

    /// <summary>The other system or the network.</summary>
    External,

    /// <summary>A bug of ours or of a plug-in.</summary>
    Internal,
}

/// <summary>Whether trying again can help.</summary>
/// <param name="Kind">Never, with growing pauses, or not before a moment.</param>
/// <param name="NotBefore">The moment, for <see cref="RetryKind.After"/>.</param>
public readonly record struct RetryAdvice(RetryKind Kind, DateTimeOffset NotBefore = default)
{
    /// <summary>The same will happen again.</summary>
    public static RetryAdvice Never => new(RetryKind.Never);

    /// <summary>Try again, with exponential backoff and full jitter.</summary>
    public static RetryAdvice WithBackoff => new(RetryKind.WithBackoff);

    /// <summary>Try again, but not before a moment that the other side named.</summary>
    public static RetryAdvice After(DateTimeOffset moment) => new(RetryKind.After, moment);
}

/// <summary>Kinds of <see cref="RetryAdvice"/>.</summary>
public enum RetryKind
{
    /// <summary>Trying again does not help.</summary>
    Never,

    /// <summary>Try again with growing pauses.</summary>
    WithBackoff,

    /// <summary>Try again after a moment.</summary>
    After,
}

/// <summary>
/// A failure of a source, transform or sink as a whole. The message is a sentence for people: where, what was found, what to
/// do. Bad records are not exceptions; they are <see cref="RecordError"/>s.
/// </summary>
public class ConnectorException : Exception
{
    /// <summary>Creates a failure.</summary>
    /// <param name="message">A sentence that says where, what was found and what to do.</param>
    /// <param name="owner">Whose fault it is.</param>
    /// <param name="retry">Whether trying again can help.</param>
    /// <param name="innerException">The cause, for <c>--verbose</c>.</param>
    public ConnectorException(string message, FaultOwner owner, RetryAdvice retry, Exception? innerException = null)
        : base(message, innerException)
    {
        Owner = owner;
        Retry = retry;
    }

    /// <summary>Whose fault it is.</summary>
    public FaultOwner Owner { get; }

    /// <summary>Whether trying again can help.</summary>
    public RetryAdvice Retry { get; }

    /// <summary>Somebody has to change something; trying again does not help.</summary>
    public static ConnectorException User(string message, Exception? innerException = null) =>
        new(message, FaultOwner.User, RetryAdvice.Never, innerException);

    /// <summary>The other side failed; trying again may help.</summary>
    public static ConnectorException External(string message, Exception? innerException = null) =>
        new(message, FaultOwner.External, RetryAdvice.WithBackoff, innerException);
}
