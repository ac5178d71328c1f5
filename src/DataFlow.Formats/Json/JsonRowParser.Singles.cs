namespace DataFlow.Formats;

/// <content>Rows of what is no object: other values, and text that is no JSON.</content>
internal sealed unsafe partial class JsonRowParser
{
    /// <summary>Adds a row for text that is no JSON: the fields <c>line</c> and <c>line_number</c>. It is not written raw.</summary>
    /// <returns>False when the row belongs to the next batch, because this one is full.</returns>
    public bool TryAddText(int start, int length, int line, FieldRef text, FieldRef number)
    {
        _columnsBefore = _columns.Count;
        _isRepeating = false;
        var walk = default(JsonWalk);
        BeginRow();
        var textColumn = IsFull(_columns.Count) ? -1 : ColumnOf("line"u8, "\"line\""u8, null, ref walk);
        var numberColumn = textColumn < 0 ? -1 : ColumnOf("line_number"u8, "\"line_number\""u8, null, ref walk);
        if (numberColumn < 0)
        {
            DropRow();
            return false;
        }

        var row = _batch.RowCount - 1;
        var cells = _batch.Refs.AsSpan(row * _batch.Stride, _batch.Stride);
        cells.Fill(FieldRef.Absent);
        cells[textColumn] = text;
        cells[numberColumn] = number;
        if (numberColumn < textColumn)
        {
            _batch.SetRowOrder(row, _orders.Share([textColumn, numberColumn]));
        }

        EndRow(start, length, line);
        _batch.SetRowNotRaw(row);
        return true;
    }

    private byte* SingleValue(byte* origin, byte* value, ref JsonWalk walk)
    {
        var end = _vectorised
            ? JsonGrammar<VectorScan>.SkipValue(value, 0, ref walk)
            : JsonGrammar<ScalarScan>.SkipValue(value, 0, ref walk);
        var column = end == null ? -1 : ColumnOf("value"u8, "\"value\""u8, value, ref walk);
        if (column < 0)
        {
            return null;
        }

        var cells = _batch.Refs.AsSpan((_batch.RowCount - 1) * _batch.Stride, _batch.Stride);
        cells.Fill(FieldRef.Absent);
        var length = (int)(end - value);
        var start = (int)(value - origin);
        cells[column] = *value switch
        {
            (byte)'n' => FieldRef.Null,
            (byte)'"' => new FieldRef(
                start + 1,
                length - 2,
                new ReadOnlySpan<byte>(value, length).Contains((byte)'\\') ? FieldKind.JsonStringEscaped : FieldKind.JsonString),
            _ => new FieldRef(start, length, FieldKind.JsonRaw),
        };
        _fields = 1;
        return end;
    }
}
