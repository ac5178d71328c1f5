using System.Globalization;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>Makes records of a body. Thread-safe.</summary>
internal sealed class PushParser(PushSourceOptions options, SourceContext context)
{
    // A record's position is that of its batch and its place in the body: the same whenever it is sent again.
    private const int BodyBits = 30;

    private const string SourceIdentity = "push";

    /// <summary>Parses a body into batches as small as the pipeline wants them.</summary>
    /// <param name="id">Names the batch; null for one that is another batch each time it is sent.</param>
    /// <param name="life">See <see cref="PushPosition.Life"/>.</param>
    /// <param name="body">UTF-8.</param>
    /// <param name="format">How it is laid out.</param>
    /// <exception cref="ConnectorException">An option says that such a record is refused.</exception>
    public ParsedBody Parse(BatchId? id, long life, ReadOnlySpan<byte> body, RecordFormat format)
    {
        var parts = new Queue<RecordBatch>();
        try
        {
            var reader = RecordReaders.Create(options with { Format = format });
            var producer = id?.Producer ?? ProducerLines.Unnamed;
            var identity = new RecordIdentity(id is null ? $"{SourceIdentity}:{Guid.NewGuid():N}" : IdentityOf(life), producer);
            var first = (id?.Sequence ?? 0) << BodyBits;
            var size = context.BatchBytes;
            var at = body.StartsWith("\uFEFF"u8) ? 3 : 0;
            do
            {
                var taken = Math.Min(size, body.Length - at);
                var isFinal = at + taken == body.Length;
                var part = context.Pool.Rent(taken);
                parts.Enqueue(part);
                part.Identity = identity;
                part.PositionBase = first + at;
                body.Slice(at, taken).CopyTo(part.Data);
                part.Length = taken;
                var consumed = reader.Read(part, isFinal, context.BatchSize);
                part.BytesRead = consumed;
                Describe(part.Metadata, format).Set("source_id", context.SourceId).Set("producer", producer).Set("timestamp", Now());
                if (consumed == 0 && taken > 0 && isFinal)
                {
                    throw new InvalidOperationException($"The {format} reader takes nothing of {taken} bytes.");
                }

                // A record that is longer than a batch needs a larger one.
                size = consumed == 0 ? size * 2 : context.BatchBytes;
                at += consumed;
            }
            while (at < body.Length);

            return new ParsedBody(parts, format, reader.State.Header, life);
        }
        catch
        {
            while (parts.TryDequeue(out var part))
            {
                part.Release();
            }

            throw;
        }
    }

    /// <summary>Reads the bytes of a dead letter again, laid out as the producer's last batch was.</summary>
    public static void ReadAgain(SourceSettings settings, RecordBatch batch, RecordError letter, SplitPosition? position)
    {
        var options = (PushSourceOptions)settings.Options;
        var last = position is { } stored ? PushPosition.Parse(stored) : PushPosition.Start;
        var format = last.Format ?? options.Format;
        if (format == RecordFormat.Csv && options.HasHeader && last.Header is null)
        {
            throw ConnectorException.User(
                $"The header of what {letter.Split} sent is not known any more, because its position was reset or it was forgotten: its dead letters can't be read again.");
        }

        var reader = RecordReaders.Create(options with { Format = format == RecordFormat.JsonArray ? RecordFormat.JsonDocument : format });
        reader.Restore(new ReaderState(Math.Max(1, letter.Offset) - 1, last.Header));
        reader.Read(batch, isFinal: true, int.MaxValue);
        Describe(batch.Metadata, format).Set("producer", letter.Split);
    }

    private static BatchMetadata Describe(BatchMetadata metadata, RecordFormat format) => metadata
        .Set("source", SourceType.Push)
        .Set("format", format switch { RecordFormat.Csv => "csv", RecordFormat.Text => "text", _ => "json" });

    private static string IdentityOf(long life) => life == 0 ? SourceIdentity : string.Create(CultureInfo.InvariantCulture, $"{SourceIdentity}:{life}");

    private string Now() => context.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}

/// <summary>The records of a body.</summary>
/// <param name="Parts">In order; at least one. Owned by whoever holds this.</param>
/// <param name="Format">How the body was laid out.</param>
/// <param name="Header">Its header; null where it had none.</param>
/// <param name="Life">See <see cref="PushPosition.Life"/>.</param>
internal sealed record ParsedBody(Queue<RecordBatch> Parts, RecordFormat Format, IReadOnlyList<string>? Header, long Life)
{
    /// <summary>Gives the records back.</summary>
    public void Release()
    {
        while (Parts.TryDequeue(out var part))
        {
            part.Release();
        }
    }
}
