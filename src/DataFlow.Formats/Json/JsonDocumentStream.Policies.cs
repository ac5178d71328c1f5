using System.Text.Unicode;

namespace DataFlow.Formats;

/// <content>What becomes of values: rows, or what the policies say about bad ones.</content>
internal sealed partial class JsonDocumentStream
{
    private const string InvalidJson = "invalid-json";
    private const string TooLong = "line-too-long";

    private bool IsBatchEmpty => _batch.RowCount + _batch.Errors.Count == 0;

    /// <returns>False when the value belongs to the next batch.</returns>
    private bool TakeValue(int start, JsonDocumentExtent extent)
    {
        var line = LinesBefore(start);
        var number = _batch.FirstLine + line;
        if (extent.Depth > MaxDepth)
        {
            return TakeInvalid(
                start, extent.Length, "too-deep", $"Line {number}: objects and arrays are nested more than {MaxDepth} deep.");
        }

        var text = _batch.Data.AsSpan(start, extent.Length);
        var origin = new FieldRef(start, extent.Length, FieldKind.Text);
        if (!Utf8.IsValid(text))
        {
            if (_options.OnInvalidBytes != InvalidBytesPolicy.Replace)
            {
                return TakeInvalidBytes(start, extent.Length);
            }

            origin = InvalidBytes.ReplaceInOverlay(_batch, text);
            text = _batch.Raw(origin).ToArray();
        }

        switch (_rows.AddValue(text, origin, start, extent.Length, line))
        {
            case JsonDocumentRows.Outcome.BatchFull:
                return false;
            case JsonDocumentRows.Outcome.TooManyFields:
                AddError(
                    start,
                    extent.Length,
                    "too-many-fields",
                    $"Line {number}: the object has more than {_options.MaxFields} fields. Raise max-fields if that is right.");
                return true;
        }

        if (origin.IsOverlay)
        {
            _batch.CountOutcome(InvalidBytes.Replaced);
        }

        return true;
    }

    /// <summary>Takes all that is left of the stream as one bad record, because nothing in it can be trusted any more.</summary>
    /// <param name="start">Where it starts.</param>
    /// <param name="what">What is wrong.</param>
    /// <param name="linesOn">Lines from there to the fault.</param>
    private bool TakeRest(int start, string what, int linesOn = 0)
    {
        if (!_isFinal && Length - start < _enough)
        {
            return false;
        }

        var where = _batch.FirstLine + LinesBefore(start) + linesOn;
        var message = $"Line {where}: {what.TrimEnd('.')}. From here on the rest of the stream is one bad record.";
        var isText = _isFinal && Length > start && Length - start <= _maxLength;
        if (_options.OnInvalidJson == InvalidJsonPolicy.String && !isText)
        {
            AddError(start, Length - start, InvalidJson, message);
        }
        else if (!TakeInvalid(start, Length - start, InvalidJson, message))
        {
            return false;
        }

        _place = Place.Broken;
        _at = Length;
        return false;
    }

    private bool TakeTooLong(int start)
    {
        if (!_isFinal && Length - start < _enough)
        {
            return false;
        }

        var skip = new JsonDocumentSkip(Data[start]);
        var end = skip.EndIn(Data[start..]);
        var length = end < 0 ? Length - start : end;
        var message = $"Line {_batch.FirstLine + LinesBefore(start)}: the JSON value is longer than max-line-bytes allows "
            + $"({_options.MaxLineBytes}). Raise max-line-bytes to keep such values.";
        var isTaken = _options.OnLongLine switch
        {
            LongLinePolicy.Fail => FailsLater(message),
            LongLinePolicy.DeadLetter => AddError(start, length, TooLong, message),
            _ => TakeTruncated(start, length, message),
        };
        if (!isTaken)
        {
            return false;
        }

        _at = start;
        _skip = new JsonDocumentSkip(Data[start]);
        _place = Place.Skipping;
        return Skip(Length - 1) || _isFinal;
    }

    /// <summary>A part of a value is another value: what is left of it is text at best.</summary>
    private bool TakeTruncated(int start, int length, string message)
    {
        if (_options.OnInvalidJson == InvalidJsonPolicy.DeadLetter)
        {
            return AddError(start, length, TooLong, message);
        }

        var kept = InvalidBytes.Cut(_batch.Data.AsSpan(start, length), _maxLength).Length;
        if (!TakeInvalid(start, kept, TooLong, message))
        {
            return false;
        }

        _batch.CountOutcome("line-truncated");
        return true;
    }

    /// <summary>Takes bytes that are no JSON, or not allowed.</summary>
    /// <returns>False when they belong to the next batch.</returns>
    private bool TakeInvalid(int start, int length, string reason, string message)
    {
        switch (_options.OnInvalidJson)
        {
            case InvalidJsonPolicy.DeadLetter:
                return AddError(start, length, reason, message);
            case InvalidJsonPolicy.Fail:
                return FailsLater(message + " on-invalid-json can also be string or dead-letter.");
        }

        var text = new FieldRef(start, length, FieldKind.Text);
        var bytes = _batch.Data.AsSpan(start, length);
        if (!Utf8.IsValid(bytes))
        {
            if (_options.OnInvalidBytes != InvalidBytesPolicy.Replace)
            {
                return TakeInvalidBytes(start, length);
            }

            text = InvalidBytes.ReplaceInOverlay(_batch, bytes);
        }

        if (_rows.AddText(text, start, length, LinesBefore(start)) == JsonDocumentRows.Outcome.BatchFull)
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

    private bool TakeInvalidBytes(int start, int length)
    {
        var at = InvalidBytes.IndexOf(_batch.Data.AsSpan(start, length));
        var message = $"Line {_batch.FirstLine + LinesBefore(start + at)}: the JSON value holds bytes that are invalid in "
            + $"{_options.Encoding}, the first at byte {at + 1} of the value. Set encoding to what the file is really written in.";
        return _options.OnInvalidBytes == InvalidBytesPolicy.DeadLetter
            ? AddError(start, length, InvalidBytes.Reason, message)
            : FailsLater(message + " on-invalid-bytes can also be replace or dead-letter.");
    }

    private bool AddError(int start, int length, string reason, string message)
    {
        BadRecord.Add(_batch, start, length, _batch.FirstLine + LinesBefore(start), reason, message);
        return true;
    }

    /// <returns>False when there are records that come first: then the next batch starts with this one.</returns>
    /// <exception cref="ConnectorException">Nothing comes first.</exception>
    private bool FailsLater(string message) => IsBatchEmpty ? throw ConnectorException.User(message) : false;
}
