using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>A row that is refused by what we know of it, whatever the server would make of it.</summary>
/// <param name="reason">A word for counting, as in <see cref="RefusalReason"/>.</param>
/// <param name="message">A sentence.</param>
internal sealed class RefusedRowException(string reason, string message) : DbException(message)
{
    /// <summary>A word for counting.</summary>
    public string Reason => reason;
}
