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
    private readonly ulong _seed = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(page));
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
            batch.SetPosition(row, Next(batch.RawRow(row)));
        }

        if (batch.Errors.Count > 0)
        {
            batch.IdentifyErrors(error => batch.Identity!.At(Next(error.Raw)));
        }
    }

    private long Next(ReadOnlySpan<byte> content)
    {
        var hash = XxHash3.HashToUInt64(content);
        ContentHash = unchecked((ContentHash * 31) + (long)hash);
        return unchecked((long)Mixed(hash ^ Mixed(_seed + (ulong)_count++)));
    }

    /// <summary>Spreads each bit over all of them, without two numbers ever becoming the same.</summary>
    private static ulong Mixed(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
