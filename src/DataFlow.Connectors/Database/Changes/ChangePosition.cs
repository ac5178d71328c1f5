using System.Text.Json;
using NpgsqlTypes;

namespace DataFlow.Connectors;

/// <summary>How far the changes are delivered: the end of a transaction in the log. Immutable.</summary>
internal sealed class ChangePosition(NpgsqlLogSequenceNumber lsn, long rows) : Position
{
    /// <summary>Where to go on in the log.</summary>
    public NpgsqlLogSequenceNumber Lsn => lsn;

    /// <inheritdoc/>
    public override long Offset => rows;

    /// <summary>Reads what <see cref="Write"/> wrote; null at the first run.</summary>
    public static ChangePosition? Parse(SplitPosition? stored)
    {
        if (stored is not { } position)
        {
            return null;
        }

        if (position.Json.Length == 0)
        {
            throw ConnectorException.User("Change capture can't go on from a bare number. Start over with --fresh.");
        }

        using var document = JsonDocument.Parse(position.Json);
        return new ChangePosition(
            NpgsqlLogSequenceNumber.Parse(
                document.RootElement.GetProperty("lsn").GetString()!), document.RootElement.GetProperty("rows").GetInt64());
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", 1);
        writer.WriteString("lsn", lsn.ToString());
        writer.WriteNumber("rows", rows);
        writer.WriteEndObject();
    }
}
