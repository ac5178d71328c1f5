using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>Where a database source has got to. Immutable.</summary>
internal sealed record QueryState
{
    /// <summary>Rows delivered since the first run.</summary>
    public long Rows { get; init; }

    /// <summary>Everything below is delivered, and no row can appear there any more.</summary>
    public CursorValue Lower { get; init; }

    /// <summary>The highest cursor that was delivered.</summary>
    public CursorValue Highest { get; init; }

    /// <summary>What will become the lower bound next.</summary>
    public PendingBound? Pending { get; init; }

    /// <summary>True when the rows without a cursor have been read, where they are wanted.</summary>
    public bool HasReadNulls { get; init; }

    /// <summary>Number of the full load that is under way.</summary>
    public long Load { get; init; }

    /// <summary>The key of the last row of the full load, where it can go on; null at its start.</summary>
    public IReadOnlyList<CursorValue>? Key { get; init; }
}

/// <summary>The stored form of a <see cref="QueryState"/>.</summary>
internal sealed class DatabasePosition(QueryState state) : Position
{
    /// <inheritdoc/>
    public override long Offset => state.Rows;

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="ConnectorException">It was written by something else.</exception>
    public static QueryState Parse(SplitPosition? stored)
    {
        if (stored is not { } position)
        {
            return new QueryState();
        }

        if (position.Json.Length == 0)
        {
            throw ConnectorException.User(
                "A database source can't go on from a bare number. Set the position with 'dataflow state set', or start "
                    + "over with --fresh.");
        }

        try
        {
            using var document = JsonDocument.Parse(position.Json);
            return Parse(document.RootElement);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw ConnectorException.User(
                $"The stored position of the query is not one of a database source: {position.Json} ({failure.Message}) It looks like "
                + "{\"v\":1,\"rows\":3,\"cursor\":\"n42\"}. Set another with 'dataflow state set', or start over with --fresh.",
                failure);
        }
    }

    private static QueryState Parse(JsonElement root) =>
        new()
        {
            Rows = root.GetProperty("rows").GetInt64(),
            Lower = CursorOf(root, "cursor"),
            Highest = CursorOf(root, "highest"),
            HasReadNulls = root.TryGetProperty("nulls", out _),
            Load = root.TryGetProperty("load", out var load) ? load.GetInt64() : 0,
            Key = root.TryGetProperty("key", out var key)
                ? [.. key.EnumerateArray().Select(value => CursorValue.Restore(value.GetString()!))]
                : null,
            Pending = root.TryGetProperty("pending", out var pending)
                ? new PendingBound(
                    CursorOf(pending, "cursor"),
                    [.. pending.GetProperty("waits").EnumerateArray().Select(wait => wait.GetString()!)],
                    pending.GetProperty("second").GetBoolean(),
                    pending.GetProperty("notBefore").GetInt64())
                : null,
        };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", 1);
        writer.WriteNumber("rows", state.Rows);
        WriteCursor(writer, "cursor", state.Lower);
        WriteCursor(writer, "highest", state.Highest);
        if (state.HasReadNulls)
        {
            writer.WriteBoolean("nulls", true);
        }

        if (state.Load > 0 || state.Key is not null)
        {
            writer.WriteNumber("load", state.Load);
        }

        if (state.Key is { } key)
        {
            writer.WriteStartArray("key");
            foreach (var value in key)
            {
                writer.WriteStringValue(value.Store());
            }

            writer.WriteEndArray();
        }

        if (state.Pending is { } pending)
        {
            writer.WriteStartObject("pending");
            WriteCursor(writer, "cursor", pending.High);
            writer.WriteStartArray("waits");
            foreach (var wait in pending.Waits)
            {
                writer.WriteStringValue(wait);
            }

            writer.WriteEndArray();
            writer.WriteBoolean("second", pending.IsSecond);
            writer.WriteNumber("notBefore", pending.NotBefore);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static CursorValue CursorOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? CursorValue.Restore(value.GetString()!) : CursorValue.None;

    private static void WriteCursor(Utf8JsonWriter writer, string name, CursorValue value)
    {
        if (value.IsBound)
        {
            writer.WriteString(name, value.Store());
        }
    }
}
