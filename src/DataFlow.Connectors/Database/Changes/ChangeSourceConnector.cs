using System.Data.Common;
using System.Runtime.CompilerServices;
using Npgsql;
using Npgsql.Replication;
using Npgsql.Replication.PgOutput;

namespace DataFlow.Connectors;

/// <summary>
/// Reads the changes of PostgreSQL tables by logical replication. The server keeps its log until our slot says that it is delivered,
/// which is said only after the sink's commit.
/// </summary>
internal sealed class ChangeSourceConnector(
    DatabaseAddress address, DatabaseSourceOptions options, string pipeline) : IAcknowledgedSource, IConnectionCheck
{
    /// <summary>The split of the changes.</summary>
    public const string Split = "changes";

    private readonly ChangeSlot _slot = new(address, options, pipeline);
    private LogicalReplicationConnection? _replication;

    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(context);
        using var metrics = new DatabaseMetrics(context);
        var position = ChangePosition.Parse(context.PositionOf(Split));
        var (replication, snapshot) = await JudgedAsync(() => OpenAsync(context, position, stop)).ConfigureAwait(false);
        _replication = replication;
        var lag = new ChangeLag(_slot, options, context, metrics);
        await using var watched = lag.ConfigureAwait(false);
        if (position is null)
        {
            position = new ChangePosition(snapshot!.ConsistentPoint, 0);
            if (options.Snapshot == SnapshotPolicy.Initial)
            {
                var rows = 0L;
                var there = new ChangeSnapshot(address, options, context, metrics).ReadAsync(snapshot.SnapshotName!, stop);
                await foreach (var batch in there.ConfigureAwait(false))
                {
                    rows += batch.RowCount;
                    yield return batch;
                }

                position = new ChangePosition(position.Lsn, rows);
            }

            if (stop.IsCancellationRequested)
            {
                yield break;
            }

            var end = context.Pool.Rent(64);
            end.AdvanceTo(Split, position);
            yield return end;
        }

        await lag.ThrowIfDroppedAsync().ConfigureAwait(false);
        var reading = await JudgedAsync(async () => new ChangeReading(
            address, options, context, _slot, lag, replication, position,
            await _slot.KeysAsync(stop).ConfigureAwait(false))).ConfigureAwait(false);
        await using (reading.ConfigureAwait(false))
        {
            while (await JudgedAsync(() => reading.NextAsync(stop)).ConfigureAwait(false) is { } batch)
            {
                yield return batch;
            }
        }
    }

    /// <summary>Only what is durable in the sink is given up in the log.</summary>
    public async ValueTask AcknowledgeAsync(IReadOnlyList<Advance> advances, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(advances);
        if (_replication is { } replication
            && advances.LastOrDefault(advance => advance.Split == Split).Position is ChangePosition position)
        {
            try
            {
                replication.SetReplicationStatus(position.Lsn);
                await replication.SendStatusUpdate(ct).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is DbException or InvalidOperationException or IOException or ObjectDisposedException)
            {
                // The log is kept a little longer: the next acknowledgement gives it up.
            }
        }
    }

    public async ValueTask CheckAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (_replication is { } replication)
        {
            _replication = null;
            await replication.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<(LogicalReplicationConnection, PgOutputReplicationSlot?)> OpenAsync(
        SourceContext context, ChangePosition? position, CancellationToken stop)
    {
        await _slot.PublishAsync(stop).ConfigureAwait(false);
        if (position is null)
        {
            await _slot.DropLeftoverAsync(context.Logger, stop).ConfigureAwait(false);
        }
        else
        {
            await _slot.CheckAsync(position, stop).ConfigureAwait(false);
        }

        var replication = new LogicalReplicationConnection(ReplicationString());
        try
        {
            await replication.Open(stop).ConfigureAwait(false);
            return (replication, position is null
                ? await replication.CreatePgOutputReplicationSlot(
                    _slot.Name, slotSnapshotInitMode: LogicalSlotSnapshotInitMode.Export, cancellationToken: stop).ConfigureAwait(false)
                : null);
        }
        catch
        {
            await replication.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The log has values as texts, in the form that the session is set to: the one form that we read, with all digits.</summary>
    private string ReplicationString()
    {
        var builder = new NpgsqlConnectionStringBuilder(address.ConnectionString) { Pooling = false, Timezone = "UTC" };
        builder.Options = $"{builder.Options} -c DateStyle=ISO,MDY -c bytea_output=hex -c extra_float_digits=1".TrimStart();
        return builder.ConnectionString;
    }

    private async Task<T> JudgedAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is DbException or IOException or TimeoutException)
        {
            throw DatabaseFault.OfStatement(failure, address, null);
        }
    }
}
