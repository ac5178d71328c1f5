using System.Text.Unicode;

namespace DataFlow.Formats;

/// <content>What becomes of a row: fields, a repaired row, or a dead letter.</content>
internal sealed partial class CsvParser
{
    private const string Padded = "padded";
    private const string Repaired = "repaired";
    private const string Truncated = "line-truncated";

    private readonly List<(int Row, int Extra, FieldRef Field)> _extras = [];

    private bool Keeps => _options.OnMalformed == MalformedPolicy.Keep;

    /// <summary>Deals with the row that the scanner holds.</summary>
    /// <returns>False when a policy says fail and there are records before it that come first.</returns>
    private bool Settle(CsvSlice row, CsvProblem problem)
    {
        if (problem != CsvProblem.None)
        {
            if (!Keeps)
            {
                return Refuse(row, problem, _scanner.FieldCount + 1);
            }

            _scanner.Mend(Visible[..row.ContentEnd], row.Start, isTruncated: false);
        }
        else if (_scanner.StrayQuote >= 0)
        {
            if (!Keeps)
            {
                return Refuse(row, CsvProblem.StrayQuote, _scanner.StrayQuote + 1);
            }

            problem = CsvProblem.StrayQuote;
        }
        else if (IsBlank())
        {
            Pass(row);
            return true;
        }

        return SettleCount(row, problem == CsvProblem.None ? null : Repaired);
    }

    private bool SettleLongLine(CsvSlice row)
    {
        var message = CsvProblems.Describe(CsvProblem.LineTooLong, _batch.FirstLine + Line, 0, Layout, _options);
        switch (_options.OnLongLine)
        {
            case LongLinePolicy.DeadLetter:
                return AddError(row, CsvProblems.ReasonOf(CsvProblem.LineTooLong), message);
            case LongLinePolicy.Fail:
                return FailsLater(message);
        }

        var line = InvalidBytes.Cut(Visible[row.Start..row.ContentEnd], dialect.MaxLineBytes);
        row = row with { ContentEnd = row.Start + line.Length };
        _scanner.Mend(Visible[..row.ContentEnd], row.Start, isTruncated: true);
        return SettleCount(row, Truncated);
    }

    private bool SettleCount(CsvSlice row, string? outcome)
    {
        var count = _scanner.FieldCount;
        if (count > _options.MaxFields)
        {
            return Refuse(row, CsvProblem.TooManyFields, count);
        }

        if (Layout is null)
        {
            Use(CsvLayout.WithoutHeader(count));
        }

        if (count > Layout!.Count)
        {
            if (!Keeps)
            {
                return Refuse(row, CsvProblem.TooManyFields, count);
            }

            outcome ??= Repaired;
        }
        else if (count < Layout.Count && outcome != Truncated)
        {
            if (!Keeps && _options.OnMalformed != MalformedPolicy.Pad)
            {
                return Refuse(row, CsvProblem.TooFewFields, count);
            }

            outcome ??= Keeps ? Repaired : Padded;
        }

        return Add(row, outcome);
    }

    private bool Add(CsvSlice row, string? outcome)
    {
        var bytes = Visible[row.Start..row.ContentEnd];
        var isValid = Utf8.IsValid(bytes);
        if (!isValid && _options.OnInvalidBytes == InvalidBytesPolicy.Fail)
        {
            return FailsLater(InvalidBytesIn(bytes));
        }

        if (!isValid && _options.OnInvalidBytes == InvalidBytesPolicy.DeadLetter)
        {
            return AddError(row, InvalidBytes.Reason, InvalidBytesIn(bytes));
        }

        var columns = Layout!.Count;
        var slices = _batch.AddRow(row.Start, row.Length, Line);
        for (var index = 0; index < _scanner.FieldCount; index++)
        {
            var field = ReferenceTo(_scanner[index], isValid);
            if (index < columns)
            {
                slices[index] = field;
            }
            else if (field.Length > 0 || _scanner[index].IsQuoted)
            {
                _extras.Add((_batch.RowCount - 1, index - columns, field));
            }
        }

        if (outcome is not null)
        {
            _batch.CountOutcome(outcome);
        }

        if (!isValid)
        {
            _batch.CountOutcome(InvalidBytes.Replaced);
        }

        Pass(row);
        return true;
    }

    private FieldRef ReferenceTo(CsvField field, bool isValid)
    {
        var reference = new FieldRef(field.Start, field.Length, FieldKind.Text);
        if (!field.IsQuoted && dialect.NullToken is { } token && _batch.Raw(reference).SequenceEqual(token))
        {
            return FieldRef.Null;
        }

        var end = field.TailStart > 0 ? field.TailStart + field.TailLength : field.Start + field.Length;
        if (!isValid && !Utf8.IsValid(_batch.Data.AsSpan(field.Start, end - field.Start)))
        {
            var text = new byte[field.Length + field.TailLength];
            return InvalidBytes.ReplaceInOverlay(_batch, text.AsSpan(0, field.Decode(Visible, dialect, text)));
        }

        if (!field.NeedsDecoding)
        {
            return reference;
        }

        if (field.TailLength == 0 && dialect.DoublesQuotes && dialect.Quote is [(byte)'"'])
        {
            return new FieldRef(field.Start, field.Length, FieldKind.CsvDoubled);
        }

        var output = _batch.ReserveOverlay(field.Length + field.TailLength);
        return _batch.CommitOverlay(field.Decode(Visible, dialect, output));
    }

    /// <summary>
    /// Gives surplus fields their columns, at the end, so that all rows are written at the same width. Empty ones hold
    /// nothing and get none.
    /// </summary>
    private void AddExtras()
    {
        if (_extras.Count == 0)
        {
            return;
        }

        var columns = Layout!.Count;
        _batch.GrowTo(Layout.WithExtras(_extras.Max(extra => extra.Extra) + 1));
        foreach (var (row, extra, field) in _extras)
        {
            _batch.Refs[(row * _batch.Stride) + columns + extra] = field;
        }

        _extras.Clear();
    }

    private bool IsBlank() =>
        _options.Trim && _scanner is { FieldCount: 1 } && _scanner[0] is { Length: 0, IsQuoted: false };

    private bool Refuse(CsvSlice row, CsvProblem problem, int found)
    {
        var message = CsvProblems.Describe(problem, _batch.FirstLine + Line, found, Layout, _options);
        return _options.OnMalformed == MalformedPolicy.Fail ? FailsLater(message) : AddError(row, CsvProblems.ReasonOf(problem), message);
    }

    private bool AddError(CsvSlice row, string reason, string message)
    {
        BadRecord.Add(_batch, row.Start, row.Length, _batch.FirstLine + Line, reason, message);
        Pass(row);
        return true;
    }

    private bool FailsLater(string message) =>
        _batch.RowCount + _batch.Errors.Count > 0 ? false : throw ConnectorException.User(message);

    private string InvalidBytesIn(ReadOnlySpan<byte> bytes) =>
        $"Line {_batch.FirstLine + Line} holds bytes that are invalid in {_options.Encoding}, "
        + $"the first at byte {InvalidBytes.IndexOf(bytes) + 1} of the record. Set encoding to what the data is really written in, "
        + "or choose what to do with such records by on-invalid-bytes.";
}
