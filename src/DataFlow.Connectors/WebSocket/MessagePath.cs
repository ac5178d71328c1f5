using System.Globalization;
using System.Text;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>Finds one value in a JSON message: names with dots between them, [n] for the nth item of an array from 0. Immutable.</summary>
internal sealed class MessagePath
{
    private readonly (byte[]? Name, int Index)[] _steps;

    private MessagePath((byte[]? Name, int Index)[] steps) => _steps = steps;

    /// <summary>What is wrong with a path, as a sentence; null when nothing is.</summary>
    public static string? Problem(string path) => TryParse(path) is null
        ? $"'{path}' is no path; write names with dots between them and [n] for items of arrays, such as data.events[0].id."
        : null;

    /// <summary>The path that a text describes; null for an empty one.</summary>
    public static MessagePath? Of(string path) => path.Length == 0 ? null : TryParse(path);

    /// <summary>Where the value stands in a message: for a string what is inside its quotes. False when there is none.</summary>
    /// <param name="message">UTF-8; what is no JSON has no values.</param>
    /// <param name="start">Where it starts.</param>
    /// <param name="length">Its length in bytes.</param>
    public bool TryFind(ReadOnlySpan<byte> message, out int start, out int length)
    {
        (start, length) = (0, 0);
        var reader = new Utf8JsonReader(message, new JsonReaderOptions { AllowMultipleValues = true });
        try
        {
            if (!reader.Read() || !Walk(ref reader))
            {
                return false;
            }
        }
        catch (JsonException)
        {
            return false;
        }

        var quote = reader.TokenType == JsonTokenType.String ? 1 : 0;
        start = (int)reader.TokenStartIndex + quote;
        length = reader.ValueSpan.Length;
        return reader.TokenType is JsonTokenType.String or JsonTokenType.Number;
    }

    private static MessagePath? TryParse(string path)
    {
        var steps = new List<(byte[]?, int)>();
        foreach (var part in path.Split('.'))
        {
            var bracket = part.IndexOf('[', StringComparison.Ordinal);
            var name = bracket < 0 ? part : part[..bracket];
            if (name.Length > 0)
            {
                steps.Add((Encoding.UTF8.GetBytes(name), 0));
            }
            else if (bracket < 0 || steps.Count > 0)
            {
                return null;
            }

            for (var rest = bracket < 0 ? "" : part[bracket..]; rest.Length > 0;)
            {
                var end = rest.IndexOf(']', StringComparison.Ordinal);
                if (rest[0] != '[' || end < 0 || !int.TryParse(rest.AsSpan(1, end - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                {
                    return null;
                }

                steps.Add((null, index));
                rest = rest[(end + 1)..];
            }
        }

        return new MessagePath([.. steps]);
    }

    private bool Walk(ref Utf8JsonReader reader)
    {
        foreach (var (name, index) in _steps)
        {
            if (!(name is null ? ToItem(ref reader, index) : ToField(ref reader, name)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool ToField(ref Utf8JsonReader reader, byte[] name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            reader.Read();
            if (found)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    private static bool ToItem(ref Utf8JsonReader reader, int index)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        for (var at = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; at++)
        {
            if (at == index)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }
}
