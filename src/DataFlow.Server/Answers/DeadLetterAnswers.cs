using System.Globalization;
using System.Text;
using DataFlow.Engine.State;
using DataFlow.Server.Requests;

namespace DataFlow.Server.Answers;

/// <summary>A part of the dead letters.</summary>
/// <param name="Items">The letters, oldest first.</param>
/// <param name="Counts">How many pass the filter in all, by reason.</param>
/// <param name="Next">What to give as <c>after</c> to get the next part; left out after the last one.</param>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetterSummary> Items, IReadOnlyDictionary<string, long> Counts, string? Next)
{
    internal static DeadLetterPage Of(IReadOnlyList<DeadLetterRecord> found, int limit, IReadOnlyDictionary<string, long> counts)
    {
        var page = Paging.Of(found, limit, letter => letter.Id.ToString(CultureInfo.InvariantCulture));
        return new DeadLetterPage([.. page.Items.Select(DeadLetterSummary.Of)], counts, page.Next);
    }
}

/// <summary>A record that could not be read, transformed or written.</summary>
public record DeadLetterSummary
{
    /// <summary>Its number, for commands.</summary>
    public required long Id { get; init; }

    /// <summary>Where it failed: source, transform or sink.</summary>
    public required string Stage { get; init; }

    /// <summary>A short stable code.</summary>
    public required string Reason { get; init; }

    /// <summary>What was found, and what is allowed.</summary>
    public required string Message { get; init; }

    /// <summary>The split that it came from; empty when there is none.</summary>
    public required string Split { get; init; }

    /// <summary>Its position in the split, as people count.</summary>
    public required long Offset { get; init; }

    /// <summary>The record's own identity: the same again when it is read again.</summary>
    public required Guid DeliveryId { get; init; }

    /// <summary>When it failed last.</summary>
    public required DateTimeOffset FailedAt { get; init; }

    /// <summary>When a replay delivered it; left out while it is open.</summary>
    public DateTimeOffset? ReplayedAt { get; init; }

    internal static DeadLetterSummary Of(DeadLetterRecord letter) => new()
    {
        Id = letter.Id,
        Stage = letter.Error.Stage,
        Reason = letter.Error.Reason,
        Message = letter.Error.Message,
        Split = letter.Error.Split,
        Offset = letter.Error.Offset,
        DeliveryId = letter.Error.DeliveryId,
        FailedAt = letter.FailedAt,
        ReplayedAt = letter.ReplayedAt,
    };
}

/// <summary>A dead letter with its raw bytes.</summary>
public sealed record DeadLetterAnswer : DeadLetterSummary
{
    /// <summary>The bytes as they were read, cut at 1 MiB, when they are UTF-8 text.</summary>
    public string? Text { get; init; }

    /// <summary>The bytes as they were read, cut at 1 MiB, in base64.</summary>
    public required byte[] Raw { get; init; }

    internal static new DeadLetterAnswer Of(DeadLetterRecord letter) => new()
    {
        Id = letter.Id,
        Stage = letter.Error.Stage,
        Reason = letter.Error.Reason,
        Message = letter.Error.Message,
        Split = letter.Error.Split,
        Offset = letter.Error.Offset,
        DeliveryId = letter.Error.DeliveryId,
        FailedAt = letter.FailedAt,
        ReplayedAt = letter.ReplayedAt,
        Text = System.Text.Unicode.Utf8.IsValid(letter.Error.Raw) ? Encoding.UTF8.GetString(letter.Error.Raw) : null,
        Raw = letter.Error.Raw,
    };
}

/// <summary>What became of a replay.</summary>
/// <param name="Delivered">Letters that passed.</param>
/// <param name="Filtered">Letters that a transform left out.</param>
/// <param name="Failed">Letters that failed again and stay open.</param>
public sealed record ReplayAnswer(long Delivered, long Filtered, long Failed);

/// <summary>What was deleted.</summary>
/// <param name="Deleted">How many letters.</param>
public sealed record DeletedAnswer(long Deleted);
