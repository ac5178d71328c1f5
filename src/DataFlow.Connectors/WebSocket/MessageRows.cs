using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using DataFlow.Formats;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.Connectors;

/// <summary>Makes records of the messages in a batch's buffer. On any worker, several batches at once.</summary>
internal sealed partial class MessageRows(WebSocketSourceOptions options, ILogger logger) : IDeferredRows
{
    private const int MostShown = 500;

    private static readonly RecordSchema Text = new("message");

    private readonly ConcurrentQueue<JsonMessageRows> _parsers = new();

    /// <summary>Reads the bytes of a dead letter again, with the options as they are now.</summary>
    public static void ReadAgain(SourceSettings settings, RecordBatch batch, RecordError letter, SplitPosition? position)
    {
        var options = (WebSocketSourceOptions)settings.Options;
        var rows = new MessageRows(options, NullLogger.Instance);
        var parser = rows.Begin(batch);
        rows.Add(batch, parser, new MessageFrame { Length = batch.Length, Number = letter.Offset }, 0);
        parser?.Finish();
        Describe(batch.Metadata, settings, options);
    }

    /// <summary>Adds the metadata that all messages of the stream share.</summary>
    public static BatchMetadata Describe(BatchMetadata metadata, SourceSettings settings, WebSocketSourceOptions options) => metadata
        .Set("source", SourceType.WebSocket)
        .Set("ws_url", WebSocketAddress.Show(settings.ConfiguredConnection))
        .Set("format", options.MessageFormat == MessageFormat.Json ? "json" : "text");

    /// <inheritdoc/>
    public void Parse(RecordBatch batch)
    {
        var parser = Begin(batch);
        for (var at = 0; at < batch.Length;)
        {
            var frame = MessageFrame.At(batch.Data, at);
            var rows = batch.RowCount;
            Add(batch, parser, in frame, at + MessageFrame.Size);
            if (batch.RowCount > rows)
            {
                batch.SetPosition(rows, frame.Identity);
            }

            at += MessageFrame.Size + frame.Length;
        }

        if (parser is not null)
        {
            parser.Finish();
            _parsers.Enqueue(parser);
        }

        batch.Metadata.SetTexts("timestamp", static (rows, row) => DateTimeOffset
            .FromUnixTimeMilliseconds(MessageFrame.Of(rows, row).Received)
            .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }

    private JsonMessageRows? Begin(RecordBatch batch)
    {
        if (options.MessageFormat == MessageFormat.Text)
        {
            batch.Begin(Text, 64);
            return null;
        }

        var parser = _parsers.TryDequeue(out var idle) ? idle : new JsonMessageRows(options.MaxFields);
        parser.Begin(batch, 64);
        return parser;
    }

    private void Add(RecordBatch batch, JsonMessageRows? parser, in MessageFrame frame, int start)
    {
        var message = batch.Data.AsSpan(start, frame.Length);
        if (frame.Kind == MessageKind.Repeated)
        {
            // Its record is here already.
        }
        else if (frame.Kind == MessageKind.TooLong)
        {
            AddError(batch, in frame, start, "message-too-long",
                $"Message {frame.Number} is longer than max-message-bytes ({options.MaxMessageBytes}) allows; its beginning is kept. Raise the limit if that is right.");
        }
        else if (frame.Kind == MessageKind.Gap && !options.GapRecords)
        {
            // It is for the filling of gaps only.
        }
        else if (frame.Kind == MessageKind.Binary && !Utf8.IsValid(message))
        {
            AddBytes(batch, parser, in frame, start);
        }
        else if (parser is null)
        {
            batch.AddRow(start, frame.Length)[0] = new FieldRef(start, frame.Length, FieldKind.Text);
        }
        else if (!IsObject(message))
        {
            var found = message.TrimStart(" \t\r\n"u8) is { IsEmpty: false } rest ? $"'{(char)rest[0]}'" : "nothing";
            AddUnparsed(batch, in frame, start, "invalid-json", $"found {found}, expected an object, which begins with '{{'");
        }
        else if (!parser.TryAdd(start, frame.Length))
        {
            AddUnparsed(batch, in frame, start, parser.Reason, parser.Problem);
        }
    }

    private static bool IsObject(ReadOnlySpan<byte> message) => message.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];

    private static void AddBytes(RecordBatch batch, JsonMessageRows? parser, in MessageFrame frame, int start)
    {
        if (parser is null)
        {
            batch.AddRow(start, frame.Length)[0] = new FieldRef(start, frame.Length, FieldKind.Bytes);
            return;
        }

        AddError(batch, in frame, start, "invalid-bytes",
            $"Failed to parse JSON message: message {frame.Number} is binary and no UTF-8 text. Check message-format and what the server sends.");
    }

    private void AddUnparsed(RecordBatch batch, in MessageFrame frame, int start, string reason, string problem)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogMessage(frame.Number, Encoding.UTF8.GetString(batch.Data.AsSpan(start, Math.Min(frame.Length, MostShown))));
        }

        AddError(batch, in frame, start, reason, $"Failed to parse JSON message: message {frame.Number}, {problem}. "
            + (reason == "too-many-fields" ? "Raise max-fields if that is right." : "Check that message-format is set as the server sends; --verbose shows the message."));
    }

    private static void AddError(RecordBatch batch, in MessageFrame frame, int start, string reason, string message) => batch.AddError(new RecordError(
        batch.Identity!.At(frame.Identity),
        RecordError.Stages.Source,
        reason,
        message,
        batch.Data.AsSpan(start, Math.Min(frame.Length, RecordError.MaxRawBytes)).ToArray(),
        batch.Identity.Split,
        frame.Number));

    [LoggerMessage(Level = LogLevel.Debug, Message = "Message {Number} is no JSON object: {Text}")]
    private partial void LogMessage(long number, string text);
}
