using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace DataFlow.Formats;

/// <content>What becomes of lines that are no row: overlong ones, invalid bytes, invalid JSON.</content>
internal sealed partial class NdjsonLines
{
    private const string TooLong = "line-too-long";

    private long LineNumber => _batch.FirstLine + _line;

    /// <summary>True when a policy could end the run in the middle of these lines: they have to be read in sequence.</summary>
    public static bool MayFail(FormatOptions options, ReadOnlySpan<byte> lines) =>
        options.OnInvalidJson == InvalidJsonPolicy.Fail
        || (options.OnLongLine == LongLinePolicy.Fail && lines.Length > options.MaxLineBytes.Bytes)
        || (options.OnInvalidBytes == InvalidBytesPolicy.Fail && !Utf8.IsValid(lines));

    /// <summary>Takes a line that is longer than allowed. Only its start needs to be in the buffer.</summary>
    /// <returns>False when it belongs to the next batch, because this one is full or ends before a failure.</returns>
    public bool TakeLongLine(int start, int length)
    {
        if (_line < _skipLines)
        {
            return true;
        }

        var message = $"Line {LineNumber} is longer than max-line-bytes allows ({_options.MaxLineBytes}). "
            + "Raise max-line-bytes to keep such lines whole.";
        switch (_options.OnLongLine)
        {
            case LongLinePolicy.DeadLetter:
                return AddError(start, length, TooLong, message);
            case LongLinePolicy.Fail:
                return FailsLater(message + " on-long-line can also be truncate or dead-letter.");
        }

        // A part of a JSON value would be another value, so what is left is text at best.
        switch (_options.OnInvalidJson)
        {
            case InvalidJsonPolicy.DeadLetter:
                return AddError(start, length, TooLong, message);
            case InvalidJsonPolicy.Fail:
                return FailsLater(message + " on-invalid-json can also be string or dead-letter.");
        }

        length = InvalidBytes.Cut(_batch.Data.AsSpan(start, length), _maxLineBytes).Length;
        var text = new FieldRef(start, length, FieldKind.Text);
        if (!Utf8.IsValid(_batch.Raw(text)))
        {
            if (!CanRepair(length))
            {
                return RefuseBytes(start, length);
            }

            text = InvalidBytes.ReplaceInOverlay(_batch, _batch.Raw(text));
        }

        if (!TakeAsText(start, length, text))
        {
            return false;
        }

        _batch.CountOutcome("line-truncated");
        return true;
    }

    private bool TakeInvalidBytes(int start, int length)
    {
        if (!CanRepair(length))
        {
            return RefuseBytes(start, length);
        }

        var repaired = InvalidBytes.ReplaceInOverlay(_batch, _batch.Data.AsSpan(start, length));
        if (!_parser.TryParseOverlay(repaired, start, length, _line))
        {
            return Refuse(start, length, repaired);
        }

        _batch.CountOutcome(InvalidBytes.Replaced);
        return true;
    }

    /// <summary>Deals with a line that the parser did not take.</summary>
    /// <param name="start">Where the line starts in the buffer.</param>
    /// <param name="length">Its length.</param>
    /// <param name="text">The text that was parsed: the line, or its repaired form.</param>
    private bool Refuse(int start, int length, FieldRef text)
    {
        switch (_parser.Fault)
        {
            case JsonFault.BatchFull:
                return false;
            case JsonFault.TooManyFields:
                return AddError(
                    start,
                    length,
                    "too-many-fields",
                    $"Line {LineNumber}: the object has more than {_options.MaxFields} fields. Raise max-fields if that is right.");
        }

        if (_options.OnInvalidJson == InvalidJsonPolicy.String)
        {
            return TakeAsText(start, length, text);
        }

        var at = _parser.FaultAt - text.Start;
        var message = $"Line {LineNumber}, byte {at + 1}: {JsonFaults.Describe(_parser.Fault, _batch.Raw(text)[at..])}. "
            + "Each line must be one JSON value (RFC 8259). Correct it, or choose what to do with such lines by on-invalid-json.";
        return _options.OnInvalidJson == InvalidJsonPolicy.Fail
            ? FailsLater(message)
            : AddError(start, length, _parser.Fault is JsonFault.TooDeep ? "too-deep" : "invalid-json", message);
    }

    private bool TakeAsText(int start, int length, FieldRef text)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(LineNumber, digits, out var count);
        if (!_parser.TryAddText(start, length, _line, text, _batch.AddOverlay(digits[..count], FieldKind.JsonRaw)))
        {
            return false;
        }

        _batch.CountOutcome("invalid-json-as-text");
        if (text.IsOverlay)
        {
            _batch.CountOutcome(InvalidBytes.Replaced);
        }

        return true;
    }

    /// <summary>Whether invalid bytes are replaced; a line that would outgrow a field by it can't be.</summary>
    private bool CanRepair(int length) =>
        _options.OnInvalidBytes == InvalidBytesPolicy.Replace && length <= FieldRef.MaxLength / Rune.ReplacementChar.Utf8SequenceLength;

    private bool RefuseBytes(int start, int length)
    {
        var at = InvalidBytes.IndexOf(_batch.Data.AsSpan(start, length));
        var message = $"Line {LineNumber} holds bytes that are invalid in {_options.Encoding}, the first at byte {at + 1} of the line. "
            + "Set encoding to what the file is really written in.";
        return _options.OnInvalidBytes == InvalidBytesPolicy.Fail
            ? FailsLater(message + " on-invalid-bytes can also be replace or dead-letter.")
            : AddError(start, length, InvalidBytes.Reason, message);
    }

    private bool AddError(int start, int length, string reason, string message)
    {
        BadRecord.Add(_batch, start, length, LineNumber, reason, message);
        return true;
    }

    /// <summary>Fails, but not before the records that come first are delivered: the batch ends here, and the next one fails.</summary>
    private bool FailsLater(string message) => Records > 0 ? false : throw ConnectorException.User(message);
}
