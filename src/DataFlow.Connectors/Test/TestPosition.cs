using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>How far the test source has got: the sequence number of the last record.</summary>
internal sealed class TestPosition(long sequence) : Position
{
    public override long Offset => sequence;

    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", 1);
        writer.WriteNumber("sequence", sequence);
        writer.WriteEndObject();
    }
}
