using System.Text;

namespace DataFlow.Formats;

/// <content>Rows of what is no object: other values, and text that is no JSON.</content>
internal sealed unsafe partial class JsonRowParser
{
    /// <summary>Adds a row for text that is no JSON: the fields <c>line</c> and <c>line_number</c>. It is not written raw.</summary>
    /// <returns>False when the row belongs to the next batch, because this one is full.</returns>
    public bool TryAddText(int start, int length, int line, FieldRef text, FieldRef number) =>
        TryAddPair(start, length, line, ("line", text), ("line_number", number));

    /// <summary>Adds a row of two fields that were not parsed. It is not written raw.</summary>
    /// <returns>False when the row belongs to the next batch, because this one is full.</returns>
    public bool TryAddPair(int start, int length, int line, (string Name, FieldRef Value) first, (string Name, FieldRef Value) second)
    {
        _columnsBefore = _columns.Count;
        _isRepeating = false;
        var walk = default(JsonWalk);
        BeginRow();
        var firstColumn = IsFull(_columns.Count) ? -1 : ColumnOf(first.Name, ref walk);
        var secondColumn = firstColumn < 0 ? -1 : ColumnOf(second.Name, ref walk);
        if (secondColumn < 0)
        {
            DropRow();
            return false;
        }

        var row = _batch.RowCount - 1;
        var cells = _batch.Refs.AsSpan(row * _batch.Stride, _batch.Stride);
        cells.Fill(FieldRef.Absent);
        cells[firstColumn] = first.Value;
        cells[secondColumn] = second.Value;
        if (secondColumn < firstColumn)
        {
            _batch.SetRowOrder(row, _orders.Share([firstColumn, secondColumn]));
        }

        EndRow(start, length, line);
        _batch.SetRowNotRaw(row);
        return true;
    }

    private int ColumnOf(string name, ref JsonWalk walk) =>
        ColumnOf(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes($"\"{name}\""), null, ref walk);

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
