namespace DataFlow.Connectors;

/// <summary>Sees which transactions of a database are open. Names are of no meaning but to be compared.</summary>
internal interface ITransactionWatch
{
    /// <summary>Everything that is open now and may still write.</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct);

    /// <summary>
    /// What one that has just ended may have left behind under another name: a prepared transaction, or the transaction of a
    /// statement that had not begun it yet.
    /// </summary>
    ValueTask<IReadOnlyList<string>> ListLeftAsync(CancellationToken ct);
}
