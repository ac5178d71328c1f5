using System.Globalization;
using System.Text.Json;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>The last batch of a producer that was delivered.</summary>
/// <param name="sequence">Its number.</param>
/// <param name="checksum">Of its bytes: another content under the same number is noticed. Null when only the number is known.</param>
/// <param name="format">How it was laid out, for dead letters that are read again.</param>
/// <param name="header">Its header, for the same; null where it had none.</param>
internal sealed class PushPosition(long sequence, ulong? checksum, RecordFormat? format = null, IReadOnlyList<string>? header = null) : Position
{
    private const int Version = 1;

    /// <summary>Before the first batch.</summary>
    public static PushPosition Start { get; } = new(0, null);

    /// <inheritdoc/>
    public override long Offset => sequence;

    public ulong? Checksum => checksum;

    public RecordFormat? Format => format;

    public IReadOnlyList<string>? Header => header;

    /// <summary>Reads a stored position.</summary>
    /// <exception cref="ConnectorException">It is not one of this source.</exception>
    public static PushPosition Parse(SplitPosition stored)
    {
        if (stored.Json.Length == 0)
        {
            return new PushPosition(stored.Offset, null);
        }

        try
        {
            using var document = JsonDocument.Parse(stored.Json);
            var root = document.RootElement;
            if (root.GetProperty("v").GetInt32() != Version)
            {
                throw new FormatException();
            }

            return new PushPosition(
                root.GetProperty("sequence").GetInt64(),
                root.TryGetProperty("checksum", out var checksum) ? ulong.Parse(checksum.GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture) : null,
                root.TryGetProperty("format", out var format) ? Enum.Parse<RecordFormat>(format.GetString()!) : null,
                root.TryGetProperty("header", out var header) ? [.. header.EnumerateArray().Select(name => name.GetString()!)] : null);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or FormatException or InvalidOperationException or ArgumentException)
        {
            throw ConnectorException.User(
                $"The stored position {stored.Json} is not one of this version of the push source; reset the state to start over.", exception);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", Version);
        writer.WriteNumber("sequence", sequence);
        if (checksum is { } sum)
        {
            writer.WriteString("checksum", sum.ToString("x16", CultureInfo.InvariantCulture));
        }

        if (format is { } layout)
        {
            writer.WriteString("format", layout.ToString());
        }

        if (header is not null)
        {
            writer.WriteStartArray("header");
            foreach (var name in header)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
