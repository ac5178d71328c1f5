using System.Data.Common;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>A row that is refused by what we know of it, whatever the server would make of it.</summary>
/// <param name="reason">A word for counting, as in <see cref="RefusalReason"/>.</param>
/// <param name="message">A sentence.</param>
internal sealed class RefusedRowException(string reason, string message) : DbException(message)
{
    /// <summary>A word for counting.</summary>
    public string Reason => reason;

    /// <summary>For a text that is no value of its column.</summary>
    public static RefusedRowException OfValue(ReadOnlySpan<byte> utf8, DbColumn column) => new(
        RefusalReason.Value,
        $"'{Encoding.UTF8.GetString(utf8)}' is no value for the column {column.ColumnName}, which is {column.DataTypeName}.");
}
