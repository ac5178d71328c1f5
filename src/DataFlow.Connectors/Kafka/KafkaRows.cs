using System.Collections.Concurrent;
using System.Text;
using System.Text.Unicode;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>Makes records of the messages in a batch's buffer. On any worker, several batches at once.</summary>
internal sealed class KafkaRows(KafkaSourceOptions options) : IDeferredRows
{
    /// <summary>Counted for a message whose value is no JSON and became text.</summary>
    public const string InvalidJson = "invalid-json-as-text";

    /// <summary>Most header names of a batch that get metadata of their own; all are in <see cref="KafkaHeaders.All"/> anyhow.</summary>
    private const int MostHeaderNames = 64;

    private static readonly RecordSchema Text = new("key", "value");
    private static readonly RecordSchema Bytes = new([("key", FieldType.Bytes), ("value", FieldType.Bytes)]);
    private static readonly ConcurrentDictionary<string, Func<RecordBatch, int, string?>> HeaderReaders = new(StringComparer.Ordinal);

    private readonly ConcurrentQueue<JsonMessageRows> _parsers = new();

    /// <inheritdoc/>
    public void Parse(RecordBatch batch)
    {
        var names = new List<string>();
        var hasHeaders = false;
        var parser = Begin(batch);
        for (var at = 0; at < batch.Length;)
        {
            var start = KafkaFrame.ValueStart(batch, at);
            var frame = KafkaFrame.At(batch, at);
            var rows = batch.RowCount;
            Add(batch, parser, in frame, at, start);
            if (batch.RowCount > rows)
            {
                batch.SetPosition(rows, frame.Offset);
                if (frame.ValueLength == KafkaFrame.Null)
                {
                    batch.SetOperation(rows, RecordOperation.Delete);
                }

                if (frame.HeadersLength > 0)
                {
                    hasHeaders = true;
                    NoteNames(HeadersAt(batch, at), names);
                }
            }

            at = start + frame.ValueBytes;
        }

        if (parser is not null)
        {
            parser.Finish();
            _parsers.Enqueue(parser);
        }

        batch.IdOutsideData = static (rows, row) => KeyText(rows, KafkaFrame.StartOf(rows, row));
        AddMetadata(batch, hasHeaders, names);
    }

    /// <summary>The key as text; null when the message has none.</summary>
    public static string? KeyText(RecordBatch batch, int frame) =>
        KafkaFrame.At(batch, frame).KeyLength == KafkaFrame.Null ? null : Encoding.UTF8.GetString(KeyAt(batch, frame));

    private static bool TryKeyOf(RecordBatch batch, int row, out ReadOnlySpan<byte> key)
    {
        var frame = KafkaFrame.StartOf(batch, row);
        key = KeyAt(batch, frame);
        return KafkaFrame.At(batch, frame).KeyLength != KafkaFrame.Null;
    }

    private static ReadOnlySpan<byte> KeyAt(RecordBatch batch, int frame) =>
        batch.Data.AsSpan(frame + KafkaFrame.Size, KafkaFrame.At(batch, frame).KeyBytes);

    private static ReadOnlySpan<byte> HeadersAt(RecordBatch batch, int frame)
    {
        ref readonly var known = ref KafkaFrame.At(batch, frame);
        return batch.Data.AsSpan(frame + KafkaFrame.Size + known.KeyBytes, known.HeadersLength);
    }

    private static void NoteNames(ReadOnlySpan<byte> headers, List<string> names)
    {
        while (KafkaHeaders.TryNext(ref headers, out var name, out _, out _))
        {
            var isKnown = false;
            foreach (var known in names)
            {
                isKnown |= Encoding.UTF8.GetByteCount(known) == name.Length && Ascii.Equals(name, known);
            }

            if (!isKnown && names.Count < MostHeaderNames && Encoding.UTF8.GetString(name) is var text && !names.Contains(text))
            {
                names.Add(text);
            }
        }
    }

    private static void AddMetadata(RecordBatch batch, bool hasHeaders, List<string> names)
    {
        batch.Metadata
            .SetNumbers("offset", static (rows, row) => rows.PositionOf(row))
            .SetNumbers("kafka_timestamp", static (rows, row) => KafkaFrame.At(rows, KafkaFrame.StartOf(rows, row)).Timestamp)
            .SetTexts("kafka_timestamp_type", static (rows, row) => KafkaFrame.At(rows, KafkaFrame.StartOf(rows, row)).TimestampType switch
            {
                1 => "create-time",
                2 => "log-append-time",
                _ => null,
            })
            .SetBytes("kafka_key", TryKeyOf)
            .SetTexts("kafka_leader_epoch", static (rows, row) => KafkaFrame.At(rows, KafkaFrame.StartOf(rows, row)).LeaderEpoch is >= 0 and var epoch
                ? epoch.ToString(System.Globalization.CultureInfo.InvariantCulture)
                : null);
        if (!hasHeaders)
        {
            return;
        }

        batch.Metadata.SetTexts(KafkaHeaders.All, static (rows, row) => KafkaHeaders.JsonOf(HeadersAt(rows, KafkaFrame.StartOf(rows, row))));
        foreach (var name in names)
        {
            batch.Metadata.SetTexts(KafkaHeaders.Prefix + name, ReaderOf(name));
        }
    }

    private static Func<RecordBatch, int, string?> ReaderOf(string name)
    {
        if (HeaderReaders.TryGetValue(name, out var reader))
        {
            return reader;
        }

        var wanted = Encoding.UTF8.GetBytes(name);
        reader = (rows, row) => KafkaHeaders.TextOf(HeadersAt(rows, KafkaFrame.StartOf(rows, row)), wanted);
        return HeaderReaders.Count < 1000 ? HeaderReaders.GetOrAdd(name, reader) : reader;
    }

    private JsonMessageRows? Begin(RecordBatch batch)
    {
        switch (options.Format)
        {
            case KafkaFormat.Json:
                var parser = _parsers.TryDequeue(out var idle) ? idle : new JsonMessageRows(options.MaxFields);
                parser.Begin(batch, 1024);
                return parser;
            case KafkaFormat.Bytes:
                batch.Begin(Bytes, 1024);
                return null;
            default:
                batch.Begin(Text, 1024);
                return null;
        }
    }

    private void Add(RecordBatch batch, JsonMessageRows? parser, in KafkaFrame frame, int at, int start)
    {
        var key = frame.KeyLength == KafkaFrame.Null
            ? FieldRef.Null
            : new FieldRef(at + KafkaFrame.Size, frame.KeyLength, options.Format == KafkaFormat.Bytes ? FieldKind.Bytes : FieldKind.Text);
        if (frame.ValueLength == KafkaFrame.Null)
        {
            AddPair(batch, parser, start, 0, key, FieldRef.Null);
            return;
        }

        if (options.Format == KafkaFormat.Bytes)
        {
            AddPair(batch, null, start, frame.ValueLength, key, new FieldRef(start, frame.ValueLength, FieldKind.Bytes));
            return;
        }

        var value = new FieldRef(start, frame.ValueLength, FieldKind.Text);
        if (!Utf8.IsValid(batch.Raw(value)))
        {
            AddInvalidText(batch, parser, in frame, start, key);
            return;
        }

        if (parser is null)
        {
            AddPair(batch, null, start, frame.ValueLength, key, value);
        }
        else if (!parser.TryAdd(start, frame.ValueLength))
        {
            AddInvalidJson(batch, parser, in frame, start, key, value);
        }
    }

    private void AddInvalidJson(RecordBatch batch, JsonMessageRows parser, in KafkaFrame frame, int start, FieldRef key, FieldRef value)
    {
        var message = $"{Place(batch, frame.Offset)} holds no JSON record: {parser.Problem}. "
            + (parser.Reason == "too-many-fields" ? "Raise max-fields if that is right." : "Correct the producer, or choose what to do with such messages by on-invalid-json.");
        switch (options.OnInvalidJson)
        {
            case InvalidJsonPolicy.Fail:
                throw ConnectorException.User(message);
            case InvalidJsonPolicy.String when parser.Reason != "too-many-fields":
                AddPair(batch, parser, start, frame.ValueLength, key, value);
                batch.CountOutcome(InvalidJson);
                break;
            default:
                AddError(batch, start, frame.ValueLength, frame.Offset, parser.Reason, message);
                break;
        }
    }

    private void AddInvalidText(RecordBatch batch, JsonMessageRows? parser, in KafkaFrame frame, int start, FieldRef key)
    {
        var message = $"{Place(batch, frame.Offset)} holds bytes that are no UTF-8 text. "
            + "Use format: bytes for such messages, or choose what to do with them by on-invalid-bytes.";
        switch (options.OnInvalidBytes)
        {
            case KafkaTextPolicy.Fail:
                throw ConnectorException.User(message);
            case KafkaTextPolicy.Replace:
                var raw = batch.Data.AsSpan(start, frame.ValueLength);
                var repaired = batch.AddOverlay(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(raw)));
                AddPair(batch, parser, start, frame.ValueLength, key, repaired);
                batch.CountOutcome("invalid-bytes-replaced");
                break;
            default:
                AddError(batch, start, frame.ValueLength, frame.Offset, "invalid-bytes", message);
                break;
        }
    }

    private static void AddPair(RecordBatch batch, JsonMessageRows? parser, int start, int length, FieldRef key, FieldRef value)
    {
        key = TextKey(batch, key);
        if (parser is not null)
        {
            parser.AddPair(start, length, key, value);
            return;
        }

        var fields = batch.AddRow(start, length);
        fields[0] = key;
        fields[1] = value;
    }

    /// <summary>A key that is no text is given as bytes.</summary>
    private static FieldRef TextKey(RecordBatch batch, FieldRef key) =>
        key.Kind == FieldKind.Text && !Utf8.IsValid(batch.Raw(key)) ? new FieldRef(key.Start, key.Length, FieldKind.Bytes) : key;

    private static void AddError(RecordBatch batch, int start, int length, long offset, string reason, string message) =>
        batch.AddError(new RecordError(
            batch.Identity!.At(offset),
            RecordError.Stages.Source,
            reason,
            message,
            batch.Data.AsSpan(start, Math.Min(length, RecordError.MaxRawBytes)).ToArray(),
            batch.Identity.Split,
            offset));

    private static string Place(RecordBatch batch, long offset) => $"The message at offset {offset} of {batch.Identity!.Split}";
}
