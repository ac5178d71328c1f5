using System.IO.Hashing;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>
/// Gives each record of a page its own position, from which its DeliveryId follows: the hash of its content, its number in the
/// page, and of the page. A page that is read again gives the same records the same ids; a record that has changed gets another.
/// </summary>
/// <param name="page">Names the page within its poll.</param>
internal sealed class ApiRecordNames(string page)
{
    private readonly long _seed = (long)XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(page));
    private long _count;

    /// <summary>Hash of all records so far.</summary>
    public long ContentHash { get; private set; }

    /// <summary>Records so far, bad ones included.</summary>
    public long Count => _count;

    /// <summary>Names the rows and errors of the next batch of the page.</summary>
    public void Assign(RecordBatch batch)
    {
        for (var row = 0; row < batch.RowCount; row++)
        {
            var raw = batch.RawRow(row);
            batch.SetPosition(row, (long)XxHash64.HashToUInt64(raw, _seed + _count));
            ContentHash = unchecked((ContentHash * 31) + (long)XxHash64.HashToUInt64(raw));
            _count++;
        }

        batch.IdentifyErrors(error =>
        {
            ContentHash = unchecked((ContentHash * 31) + (long)XxHash64.HashToUInt64(error.Raw));
            return batch.Identity!.At((long)XxHash64.HashToUInt64(error.Raw, _seed + _count++));
        });
    }
}
