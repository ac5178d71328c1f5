using System.Text.Json.Nodes;

namespace DataFlow.Server.Requests;

/// <summary>Where the next run goes on: at an offset, or at a complete position of a split.</summary>
public sealed record SeekRequest
{
    /// <summary>Where to go on, as people count: for files, the number of lines to skip.</summary>
    public long? Offset { get; init; }

    /// <summary>The split to move, as the state names it. May be left out with a bare offset when there is only one.</summary>
    public string? Split { get; init; }

    /// <summary>The complete position, as the state shows it.</summary>
    public JsonObject? Position { get; init; }
}
