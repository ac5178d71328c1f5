using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>
/// A row as a dead letter: a JSON object with its values as they were read, numbers and truth values as such. The row's own bytes
/// would not do, because a value may hold what separates them.
/// </summary>
internal static class DatabaseDeadLetter
{
    /// <summary>Writes a row.</summary>
    public static byte[] Write(RecordBatch batch, int row)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            for (var column = 0; column < batch.PhysicalSchema.Count; column++)
            {
                var field = batch.PhysicalField(row, column);
                if (field.Kind is not (FieldKind.Absent or FieldKind.Unchanged))
                {
                    writer.WritePropertyName(batch.PhysicalSchema.Names[column]);
                    Write(writer, batch.PhysicalSchema.TypeOf(column), field.Kind == FieldKind.Null, batch.Raw(field));
                }
            }

            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Reads a row that <see cref="Write(RecordBatch, int)"/> wrote.</summary>
    public static void ReadAgain(SourceSettings settings, RecordBatch batch, RecordError letter, SplitPosition? position)
    {
        var options = (DatabaseSourceOptions)settings.Options;
        if (options.Mode == DatabaseMode.Cdc)
        {
            throw ConnectorException.User(
                "A change is not delivered again from its dead letter: later changes of the same row may have been delivered since.");
        }

        using var document = Parse(letter.Raw);
        List<JsonProperty> values = [.. document.RootElement.EnumerateObject()];
        var schema = new RecordSchema(values.Select(value => (value.Name, TypeOf(value.Value))));
        batch.Begin(schema, 1);
        batch.IdColumn = values.FindIndex(value => value.Name.Equals("id", StringComparison.OrdinalIgnoreCase));
        batch.LetterOutsideData = Write;
        var text = new RowText(batch, new FieldRef[values.Count]);
        foreach (var value in values)
        {
            switch (value.Value.ValueKind)
            {
                case JsonValueKind.Null:
                    text.Null();
                    break;
                case JsonValueKind.String:
                    text.Text(value.Value.GetString()!);
                    break;
                default:
                    text.Text(value.Value.GetRawText());
                    break;
            }
        }

        text.End();
        batch.Metadata.Set("source", SourceType.Database).Set("format", "sql").Set("jdbc_url", SecretText.Of(settings.Connection));
    }

    private static void Write(Utf8JsonWriter writer, FieldType type, bool isNull, ReadOnlySpan<byte> text)
    {
        if (isNull)
        {
            writer.WriteNullValue();
        }
        else if (type is FieldType.Int64 or FieldType.Decimal or FieldType.Double or FieldType.Bool && IsToken(text))
        {
            writer.WriteRawValue(text);
        }
        else
        {
            writer.WriteStringValue(text);
        }
    }

    /// <summary>True for a number or a truth value as JSON writes it; <c>NaN</c> is none.</summary>
    private static bool IsToken(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            return reader.Read() && reader.TokenType is JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static JsonDocument Parse(byte[] raw)
    {
        try
        {
            return JsonDocument.Parse(raw);
        }
        catch (JsonException failure)
        {
            throw ConnectorException.User("The dead letter holds no row as this version keeps it, and can't be read again.", failure);
        }
    }

    private static FieldType TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => FieldType.Bool,
        JsonValueKind.Number => value.GetRawText() switch
        {
            var number when number.Contains('E', StringComparison.OrdinalIgnoreCase) => FieldType.Double,
            var number when number.Contains('.', StringComparison.Ordinal) => FieldType.Decimal,
            _ => FieldType.Int64,
        },
        _ => FieldType.Text,
    };
}
