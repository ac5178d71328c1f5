namespace DataFlow.Engine.State;

/// <summary>Chooses dead letters. What is left out chooses all.</summary>
public sealed record DeadLetterFilter
{
    /// <summary>Every open letter.</summary>
    public static DeadLetterFilter Open { get; } = new();

    /// <summary>Open ones, replayed ones or both.</summary>
    public DeadLetterStatus Status { get; init; } = DeadLetterStatus.Open;

    /// <summary>Only those with this reason.</summary>
    public string? Reason { get; init; }

    /// <summary>Only those of this stage.</summary>
    public string? Stage { get; init; }

    /// <summary>Only those of this split.</summary>
    public string? Split { get; init; }

    /// <summary>Only those with these numbers.</summary>
    public IReadOnlyCollection<long>? Ids { get; init; }

    /// <summary>Only those with a higher number: the last one of the page before.</summary>
    public long After { get; init; }

    /// <summary>Most letters of a page. Each may hold up to 1 MiB of raw bytes.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>What it chooses, for people: <c>open, reason invalid-json</c>.</summary>
    public override string ToString() => string.Join(", ", Parts());

    private IEnumerable<string> Parts()
    {
        yield return Status switch { DeadLetterStatus.Open => "open", DeadLetterStatus.Replayed => "replayed", _ => "open and replayed" };
        if (Reason is not null)
        {
            yield return $"reason {Reason}";
        }

        if (Stage is not null)
        {
            yield return $"stage {Stage}";
        }

        if (Split is not null)
        {
            yield return $"split {SplitName.ForPeople(Split)}";
        }

        if (Ids is not null)
        {
            yield return Ids.Count == 1 ? $"number {Ids.First()}" : $"{Ids.Count} numbers";
        }
    }
}

/// <summary>Whether a dead letter still waits for somebody.</summary>
public enum DeadLetterStatus
{
    /// <summary>Not delivered so far.</summary>
    Open,

    /// <summary>Delivered by a replay.</summary>
    Replayed,

    /// <summary>Both.</summary>
    Any,
}
