using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace DataFlow.Formats;

/// <content>What becomes of lines that are no row: overlong ones, invalid bytes, invalid JSON.</content>
internal sealed partial class NdjsonLines
{
    private long LineNumber => _batch.FirstLine + _line;

    /// <summary>Takes a line that is longer than allowed. Only its first bytes count, whatever of it is in the buffer.</summary>
    /// <returns>False when it belongs to the next batch, because this one is full.</returns>
    public bool TakeLongLine(int start)
    {
        if (_line < _skipLines)
        {
            return true;
        }

        var message = $"Line {LineNumber} is longer than max-line-bytes ({_options.MaxLineBytes}). Raise max-line-bytes, or choose what to do "
            + "with such lines by on-long-line.";
        switch (_options.OnLongLine)
        {
            case LongLinePolicy.Fail:
                throw ConnectorException.User(message);
            case LongLinePolicy.DeadLetter:
                AddError(start, _maxLineBytes, "line-too-long", message);
                return true;
            default:
                return TakeTruncated(start, message);
        }
    }

    private bool TakeTruncated(int start, string message)
    {
        var end = start + _maxLineBytes;
        while (end > start && end > start + _maxLineBytes - 4 && (_batch.Data[end] & 0xC0) == 0x80)
        {
            end--;
        }

        // A part of a value is another value, so what is left is text at best.
        switch (_options.OnInvalidJson)
        {
            case InvalidJsonPolicy.Fail:
                throw ConnectorException.User(message);
            case InvalidJsonPolicy.DeadLetter:
                AddError(start, _maxLineBytes, "line-too-long", message);
                return true;
        }

        var text = new FieldRef(start, end - start, FieldKind.Text);
        if (!Utf8.IsValid(_batch.Data.AsSpan(start, end - start)) && !TryRepair(start, end, out text))
        {
            return true;
        }

        if (!TakeAsText(start, end, text))
        {
            return false;
        }

        _batch.CountOutcome("line-truncated");
        return true;
    }

    private bool TakeInvalidBytes(int start, int end)
    {
        if (!TryRepair(start, end, out var repaired))
        {
            return true;
        }

        if (!_parser.TryParseOverlay(repaired, start, end - start, _line))
        {
            return Refuse(start, end, repaired);
        }

        _batch.CountOutcome("invalid-bytes-replaced");
        return true;
    }

    /// <summary>Deals with a line that the parser did not take.</summary>
    /// <param name="start">Where the line starts in the buffer.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="text">The text that was parsed: the line, or its repaired form.</param>
    private bool Refuse(int start, int end, FieldRef text)
    {
        switch (_parser.Fault)
        {
            case JsonFault.BatchFull:
                return false;
            case JsonFault.TooManyFields:
                AddError(
                    start,
                    end - start,
                    "too-many-fields",
                    $"Line {LineNumber}: the object has more than {_options.MaxFields} fields. Raise max-fields if that is right.");
                return true;
        }

        if (_options.OnInvalidJson == InvalidJsonPolicy.String)
        {
            return TakeAsText(start, end, text);
        }

        var at = _parser.FaultAt - text.Start;
        var message = $"Line {LineNumber}, byte {at + 1}: {JsonFaults.Describe(_parser.Fault, _batch.Raw(text)[at..])}. "
            + "Each line must be one JSON value (RFC 8259). Correct it, or choose what to do with such lines by on-invalid-json.";
        if (_options.OnInvalidJson == InvalidJsonPolicy.Fail)
        {
            throw ConnectorException.User(message);
        }

        AddError(start, end - start, _parser.Fault is JsonFault.TooDeep ? "too-deep" : "invalid-json", message);
        return true;
    }

    private bool TakeAsText(int start, int end, FieldRef text)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(LineNumber, digits, out var length);
        if (!_parser.TryAddText(start, end - start, _line, text, _batch.AddOverlay(digits[..length])))
        {
            return false;
        }

        _batch.CountOutcome("invalid-json-as-text");
        if (text.IsOverlay)
        {
            _batch.CountOutcome("invalid-bytes-replaced");
        }

        return true;
    }

    /// <summary>Writes a line with U+FFFD for what is invalid into the overlay, or deals with it as the policy says.</summary>
    private bool TryRepair(int start, int end, out FieldRef repaired)
    {
        repaired = default;
        var line = _batch.Data.AsSpan(start, end - start);
        if (_options.OnInvalidBytes == InvalidBytesPolicy.Replace && line.Length <= FieldRef.MaxLength / Rune.ReplacementChar.Utf8SequenceLength)
        {
            var output = _batch.ReserveOverlay(line.Length * Rune.ReplacementChar.Utf8SequenceLength);
            var written = 0;
            while (!line.IsEmpty)
            {
                Rune.DecodeFromUtf8(line, out var rune, out var used);
                written += rune.EncodeToUtf8(output[written..]);
                line = line[used..];
            }

            repaired = _batch.CommitOverlay(written);
            return true;
        }

        var valid = 0;
        while (Rune.DecodeFromUtf8(line[valid..], out _, out var used) == OperationStatus.Done)
        {
            valid += used;
        }

        var message = $"Line {LineNumber}, byte {valid + 1}: found the byte 0x{line[valid].ToString("X2", CultureInfo.InvariantCulture)}, which is "
            + "no valid UTF-8 there. Set encoding to the one that the data has, or choose what to do with such bytes by on-invalid-bytes.";
        if (_options.OnInvalidBytes == InvalidBytesPolicy.Fail)
        {
            throw ConnectorException.User(message);
        }

        AddError(start, end - start, "invalid-bytes", message);
        return false;
    }

    private void AddError(int start, int length, string reason, string message) =>
        _batch.AddError(new RecordError(
            _batch.Identity?.At(_batch.PositionBase + start) ?? Guid.Empty,
            RecordError.Stages.Source,
            reason,
            message,
            _batch.Data.AsSpan(start, Math.Min(length, RecordError.MaxRawBytes)).ToArray(),
            _batch.Identity?.Split ?? "",
            LineNumber));
}
