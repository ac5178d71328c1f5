namespace DataFlow.Cluster;

/// <summary>The service can't do what was asked; the message is a sentence for whoever asked.</summary>
/// <param name="kind">What kind of refusal it is.</param>
/// <param name="message">Where, what was found, what is allowed, what to do.</param>
public sealed class RefusalException(RefusalKind kind, string message) : Exception(message)
{
    /// <summary>What kind of refusal it is.</summary>
    public RefusalKind Kind { get; } = kind;
}

/// <summary>Why the service can't do what was asked.</summary>
public enum RefusalKind
{
    /// <summary>There is no such pipeline.</summary>
    NotFound,

    /// <summary>There is one of that name already.</summary>
    AlreadyExists,

    /// <summary>Its state forbids it.</summary>
    WrongState,

    /// <summary>Somebody else changed it in between.</summary>
    WrongVersion,

    /// <summary>What was given can't be used.</summary>
    Invalid,

    /// <summary>The node that must answer can't be reached now; the same may succeed later.</summary>
    Unavailable,
}
