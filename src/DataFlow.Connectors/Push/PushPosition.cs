using System.Globalization;
using System.Text.Json;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>The last batch of a producer that was delivered. Immutable.</summary>
/// <param name="sequence">Its number.</param>
internal sealed class PushPosition(long sequence) : Position
{
    private const int Version = 1;

    /// <summary>Before the first batch.</summary>
    public static PushPosition Start { get; } = new(0);

    /// <inheritdoc/>
    public override long Offset => sequence;

    /// <summary>Of its bytes: another content under the same number is noticed. Null when only the number is known.</summary>
    public ulong? Checksum { get; init; }

    /// <summary>How it was laid out, for dead letters that are read again.</summary>
    public RecordFormat? Format { get; init; }

    /// <summary>Its header, for the same; null where it had none.</summary>
    public IReadOnlyList<string>? Header { get; init; }

    /// <summary>When it was received; null when only the number is known.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>How many producers had been forgotten when this one began: one that begins again has other records under the same numbers.</summary>
    public long Life { get; init; }

    /// <summary>Reads a stored position.</summary>
    /// <exception cref="ConnectorException">It is not one of this source.</exception>
    public static PushPosition Parse(SplitPosition stored)
    {
        if (stored.Json.Length == 0)
        {
            return new PushPosition(stored.Offset);
        }

        try
        {
            using var document = JsonDocument.Parse(stored.Json);
            var root = document.RootElement;
            if (root.GetProperty("v").GetInt32() != Version)
            {
                throw new FormatException();
            }

            return new PushPosition(root.GetProperty("sequence").GetInt64())
            {
                Checksum = root.TryGetProperty("checksum", out var checksum) ? ulong.Parse(checksum.GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture) : null,
                Format = root.TryGetProperty("format", out var format) ? Enum.Parse<RecordFormat>(format.GetString()!) : null,
                Header = root.TryGetProperty("header", out var header) ? [.. header.EnumerateArray().Select(name => name.GetString()!)] : null,
                At = root.TryGetProperty("at", out var at) ? at.GetDateTimeOffset() : null,
                Life = root.TryGetProperty("life", out var life) ? life.GetInt64() : 0,
            };
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
        if (Checksum is { } sum)
        {
            writer.WriteString("checksum", sum.ToString("x16", CultureInfo.InvariantCulture));
        }

        if (Format is { } layout)
        {
            writer.WriteString("format", layout.ToString());
        }

        if (At is { } received)
        {
            writer.WriteString("at", received.UtcDateTime);
        }

        if (Life > 0)
        {
            writer.WriteNumber("life", Life);
        }

        if (Header is not null)
        {
            writer.WriteStartArray("header");
            foreach (var name in Header)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
