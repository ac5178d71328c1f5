namespace DataFlow;

/// <content>The order in which a row's own fields stand, after projections.</content>
public sealed partial class RecordBatch
{
    private int[]?[]? _visibleOrders;

    /// <summary>
    /// Visible columns in the row's own order, or null when they stand in the schema's order. What encoders follow, so that
    /// a row comes out the same whichever rows share its batch.
    /// </summary>
    /// <param name="row">0-based physical row.</param>
    public int[]? VisibleOrderOf(int row) =>
        _columns is null ? RowOrderOf(row)
        : _visibleOrders is not null && row < _visibleOrders.Length ? _visibleOrders[row]
        : null;

    /// <summary>
    /// Moves a row's value from one visible column to another, whose own value is given up. The value keeps its place in the
    /// row's order. The batch is to be projected without the first column afterwards.
    /// </summary>
    /// <param name="row">0-based physical row.</param>
    /// <param name="from">0-based visible column that has the value.</param>
    /// <param name="to">0-based visible column, not a constant.</param>
    internal void MoveField(int row, int from, int to)
    {
        _refs[(row * Stride) + PhysicalColumn(to)] = Field(row, from);
        var order = VisibleOrderOf(row) ?? [.. Enumerable.Range(0, Schema.Count)];
        int[] moved = [.. order.Where(column => column != to).Select(column => column == from ? to : column)];
        if (_columns is null)
        {
            SetRowOrder(row, moved);
            return;
        }

        if (_visibleOrders is null || _visibleOrders.Length <= row)
        {
            Array.Resize(ref _visibleOrders, RowCount);
        }

        _visibleOrders[row] = moved;
    }

    private int[]?[]? ProjectOrders(ReadOnlySpan<int> columns)
    {
        var former = _columns is null ? _rowOrders : _visibleOrders;
        if (former is null)
        {
            return null;
        }

        var added = new List<int>();
        var target = new int[Schema.Count];
        Array.Fill(target, -1);
        for (var index = 0; index < columns.Length; index++)
        {
            if (columns[index] >= 0)
            {
                target[columns[index]] = index;
            }
            else
            {
                added.Add(index);
            }
        }

        return Array.ConvertAll(former, order => order is null
            ? null
            : (int[])[.. order.Select(column => target[column]).Where(column => column >= 0), .. added]);
    }
}
