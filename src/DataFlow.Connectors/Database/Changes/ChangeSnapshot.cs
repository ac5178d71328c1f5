using System.Runtime.CompilerServices;

namespace DataFlow.Connectors;

/// <summary>Reads the rows that were there at the moment at which the slot begins: the changes go on exactly after them.</summary>
internal sealed class ChangeSnapshot(DatabaseAddress address, DatabaseSourceOptions options, SourceContext context, DatabaseMetrics metrics)
{
    /// <summary>The rows, table by table. There is no place to restart in between.</summary>
    public async IAsyncEnumerable<RecordBatch> ReadAsync(string snapshot, [EnumeratorCancellation] CancellationToken stop)
    {
        // All tables are one split, which is at a restart point only after the last of them.
        var batches = new DatabaseBatches(context, address, ChangeSourceConnector.Split);
        var row = 0L;
        foreach (var table in options.Tables)
        {
            var query = await StartAsync(table, snapshot, stop).ConfigureAwait(false);
            await using (query.Running.ConfigureAwait(false))
            {
                var parts = TableName.Parts(table);
                while (true)
                {
                    var batch = batches.Begin(query.Shape);
                    batch.Metadata.Set("format", "cdc").Set(
                        "schema", parts.Count > 1 ? parts[0] : "public").Set("table", parts[^1]).Set("operation", "snapshot");
                    var isEnd = false;
                    try
                    {
                        while (!batches.IsFull(batch) && !isEnd)
                        {
                            isEnd = !await query.Running.ReadAsync(stop).ConfigureAwait(false);
                            if (!isEnd)
                            {
                                query.Running.Rows.AppendTo(batch);
                                batch.SetPosition(batch.RowCount - 1, row);
                                batch.SetKey(batch.RowCount - 1, DatabaseBatches.NameOfLast(batch, row++));
                            }
                        }
                    }
                    catch
                    {
                        batch.Release();
                        throw;
                    }

                    metrics.CountRows(batch.RowCount);
                    batch.BytesRead = batch.Length;
                    yield return batch;
                    if (isEnd)
                    {
                        break;
                    }
                }
            }

            if (stop.IsCancellationRequested)
            {
                yield break;
            }
        }
    }

    private async Task<(RunningQuery Running, QueryShape Shape)> StartAsync(string table, string snapshot, CancellationToken stop)
    {
        var connection = await address.OpenAsync(stop).ConfigureAwait(false);
        QueryShape shape;
        try
        {
            await connection.ExecuteAsync($"BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION "
                + $"SNAPSHOT '{snapshot}'", stop).ConfigureAwait(false);
            var all = new SqlTextBuilder().Add($"SELECT * FROM {address.Dialect.QuoteTable(table)}").Build();
            shape = await QueryShape.DescribeAsync(connection, all, address, stop).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        var sql = new SqlTextBuilder().Add($"SELECT {address.Dialect.SelectList(shape)} FROM "
            + $"{address.Dialect.QuoteTable(table)} q").Build();
        var limits = new QueryLimits(options.FetchSize, options.QueryTimeoutSeconds);
        var running = await RunningQuery.StartAsync(
            address, connection, sql, shape, limits, metrics.CountQueryError, stop).ConfigureAwait(false);
        return (running, shape);
    }
}
