using DataFlow.Engine.State;

namespace DataFlow.Server.Requests;

/// <summary>Chooses the dead letters to replay. What is left out chooses all open ones.</summary>
public sealed record ReplayRequest
{
    /// <summary>Only those with this reason.</summary>
    public string? Reason { get; init; }

    /// <summary>Only those of this stage: source, transform or sink.</summary>
    public string? Stage { get; init; }

    /// <summary>Only those of this split.</summary>
    public string? Split { get; init; }

    /// <summary>Only those with these numbers.</summary>
    public IReadOnlyList<long>? Ids { get; init; }

    internal DeadLetterFilter ToFilter() => new() { Reason = Reason, Stage = Stage, Split = Split, Ids = Ids is { Count: > 0 } ? Ids : null };
}
