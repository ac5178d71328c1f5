namespace DataFlow.Formats;

/// <summary>
/// Shares equal row orders between rows, so that a stream whose keys come in a few orders allocates each of them once.
/// </summary>
internal sealed class RowOrders
{
    private readonly List<int[]> _known = [];
    private int _oldest;

    /// <summary>An array with these columns; it is shared and must not be changed.</summary>
    public int[] Share(ReadOnlySpan<int> columns)
    {
        foreach (var known in _known)
        {
            if (columns.SequenceEqual(known))
            {
                return known;
            }
        }

        var order = columns.ToArray();
        if (_known.Count < 16)
        {
            _known.Add(order);
        }
        else
        {
            _known[_oldest] = order;
            _oldest = (_oldest + 1) % _known.Count;
        }

        return order;
    }
}
