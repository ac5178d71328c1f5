namespace DataFlow.Formats;

/// <content>Rows of what is no object: other values, and text that is no JSON.</content>
internal sealed unsafe partial class JsonRowParser
{
    /// <summary>Adds a row for text that is no JSON: the fields <c>line</c> and <c>line_number</c>. It is not written raw.</summary>
    /// <returns>False when the row belongs to the next batch, because this one is full.</returns>
    public bool TryAddText(int start, int length, int line, FieldRef text, FieldRef number) =>
        TryAddPair(start, length, line, "\"line\""u8, text, "\"line_number\""u8, number);

    /// <summary>Adds a row of two fields that were not parsed. It is not written raw.</summary>
    /// <param name="start">Where the row's raw bytes start in the buffer.</param>
    /// <param name="length">Their length.</param>
    /// <param name="line">Line of the row, relative to the batch's first.</param>
    /// <param name="firstKey">The first field's name as UTF-8, in quotes, without anything to escape.</param>
    /// <param name="first">Its value.</param>
    /// <param name="secondKey">The second field's name, likewise.</param>
    /// <param name="second">Its value.</param>
    /// <returns>False when the row belongs to the next batch, because this one is full.</returns>
    public bool TryAddPair(
        int start, int length, int line, ReadOnlySpan<byte> firstKey, FieldRef first, ReadOnlySpan<byte> secondKey, FieldRef second)
    {
        _columnsBefore = _columns.Count;
        _isRepeating = false;
        var walk = default(JsonWalk);
        BeginRow();
        var firstColumn = IsFull(_columns.Count) ? -1 : ColumnOf(firstKey[1..^1], firstKey, null, ref walk);
        var secondColumn = firstColumn < 0 ? -1 : ColumnOf(secondKey[1..^1], secondKey, null, ref walk);
        if (secondColumn < 0)
        {
            DropRow();
            return false;
        }

        var row = _batch.RowCount - 1;
        var cells = _batch.Refs.AsSpan(row * _batch.Stride, _batch.Stride);
        cells.Fill(FieldRef.Absent);
        cells[firstColumn] = first;
        cells[secondColumn] = second;
        if (secondColumn < firstColumn)
        {
            _batch.SetRowOrder(row, _orders.Share([firstColumn, secondColumn]));
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
