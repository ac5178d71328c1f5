namespace DataFlow.Connectors;

/// <summary>The rows of a running query, one after the other. Nothing but the current row is held. Not thread-safe.</summary>
internal interface IRowReader : IAsyncDisposable
{
    /// <summary>Goes to the next row; false at the end. Completes at once while rows have arrived already.</summary>
    ValueTask<bool> ReadAsync(CancellationToken ct);

    /// <summary>Adds the current row to a batch, its values as UTF-8 text.</summary>
    void AppendTo(RecordBatch batch);

    /// <summary>The current row's value of a column as a cursor.</summary>
    CursorValue CursorAt(int column);

    /// <summary>Ends the query on the server, so that disposing does not wait for rows that nobody wants.</summary>
    ValueTask CancelAsync();
}
