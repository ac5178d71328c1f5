using System.Text.Json;

namespace DataFlow.Engine;

/// <summary>Which dead letter a batch of a replay is.</summary>
/// <param name="id">The letter's number.</param>
/// <param name="stage">Where it had failed.</param>
internal sealed class LetterPosition(long id, string stage) : Position
{
    public override long Offset => id;

    public string Stage => stage;

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", 1);
        writer.WriteNumber("letter", id);
        writer.WriteEndObject();
    }
}
