using System.Text.Json;
using System.Text.Json.Serialization;

namespace DataFlow.Connectors;

/// <summary>What the file sink stores at a commit: how far its output reaches, and how to recognise it again.</summary>
internal sealed partial record FileSinkState
{
    private const int CurrentVersion = 1;

    [JsonPropertyName("v")]
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The first file's path, for people: the output may have been moved with its folder.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }

    /// <summary>Number of the current file; 0 is the one without a number.</summary>
    [JsonPropertyName("segment")]
    public int Segment { get; init; }

    /// <summary>Committed bytes of the current file.</summary>
    [JsonPropertyName("length")]
    public long Length { get; init; }

    /// <summary>Hash of the last committed bytes of the current file.</summary>
    [JsonPropertyName("tail")]
    public string Tail { get; init; } = "";

    /// <summary>When the current file got its first bytes.</summary>
    [JsonPropertyName("since")]
    public DateTimeOffset? Since { get; init; }

    /// <summary>True when files with higher numbers can be leftovers of ours.</summary>
    [JsonPropertyName("rotates")]
    public bool Rotates { get; init; }

    /// <summary>The columns of a CSV file, once they are fixed.</summary>
    [JsonPropertyName("columns")]
    public IReadOnlyList<string>? Columns { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, JsonContext.Default.FileSinkState);

    /// <summary>Reads what was stored; null for nothing.</summary>
    /// <exception cref="ConnectorException">It was written by something else.</exception>
    public static FileSinkState? Parse(string? json)
    {
        if (string.IsNullOrEmpty(json))
        {
            return null;
        }

        FileSinkState? state;
        try
        {
            state = JsonSerializer.Deserialize(json, JsonContext.Default.FileSinkState);
        }
        catch (JsonException e)
        {
            throw Unreadable(json, e);
        }

        return state is { Version: CurrentVersion, Segment: >= 0, Length: >= 0 } ? state : throw Unreadable(json, null);
    }

    private static ConnectorException Unreadable(string json, Exception? cause) => ConnectorException.User(
        $"The stored state of the file sink can't be read by this version ({json}). Run the version that wrote it, or start over "
            + "with --fresh.", cause);

    [JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(FileSinkState))]
    private sealed partial class JsonContext : JsonSerializerContext;
}
