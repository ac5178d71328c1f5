using Npgsql.Replication.PgOutput.Messages;
using NpgsqlTypes;

namespace DataFlow.Connectors;

/// <summary>
/// Turns the messages of the log into batches. Only where a transaction has ended there is a place to go on, so that a transaction is
/// committed in the sink as a whole.
/// </summary>
internal sealed class ChangeStream(
    DatabaseAddress address, SourceContext context, IReadOnlyDictionary<string, HashSet<string>> keys, ChangePosition start)
{
    private readonly Dictionary<uint, ChangeTable> _tables = [];
    private readonly Queue<RecordBatch> _ready = new();
    private ChangeBatch? _open;
    private NpgsqlLogSequenceNumber _reached = start.Lsn;
    private NpgsqlLogSequenceNumber _advanced = start.Lsn;
    private NpgsqlLogSequenceNumber _transaction;
    private long _rows = start.Offset;
    private int _ordinal;

    /// <summary>True between the beginning and the end of a transaction.</summary>
    public bool IsInTransaction { get; private set; }

    /// <summary>Up to here everything has been taken in.</summary>
    public NpgsqlLogSequenceNumber Reached => _reached;

    /// <summary>True when there is something that could be handed on.</summary>
    public bool HasRows => _open is not null || _reached > _advanced;

    /// <summary>Takes a message in.</summary>
    public async Task TakeAsync(PgOutputReplicationMessage message, CancellationToken ct)
    {
        switch (message)
        {
            case BeginMessage begin:
                IsInTransaction = true;
                _transaction = begin.TransactionFinalLsn;
                _ordinal = 0;
                break;
            case CommitMessage commit:
                IsInTransaction = false;
                _reached = commit.TransactionEndLsn;
                break;
            case LogicalDecodingMessage mark when !IsInTransaction:
                _reached = mark.WalEnd > _reached ? mark.WalEnd : _reached;
                break;
            case RelationMessage relation:
                _tables[relation.RelationId] = new ChangeTable(
                    relation, keys.GetValueOrDefault($"{relation.Namespace}.{relation.RelationName}") ?? []);
                break;
            case InsertMessage insert:
                var inserted = _tables[insert.Relation.RelationId];
                Add(inserted, await ChangeRow.ReadAsync(inserted, insert.NewRow, ct).ConfigureAwait(false), RecordOperation.Insert, null);
                break;
            case UpdateMessage update:
                await UpdateAsync(update, ct).ConfigureAwait(false);
                break;
            case FullDeleteMessage delete:
                var deleted = _tables[delete.Relation.RelationId];
                var old = await ChangeRow.ReadAsync(deleted, delete.OldRow, ct).ConfigureAwait(false);
                Add(deleted, old, RecordOperation.Delete, old);
                break;
            case KeyDeleteMessage delete:
                var keyed = _tables[delete.Relation.RelationId];
                Add(keyed, await ChangeRow.ReadAsync(keyed, delete.Key, ct).ConfigureAwait(false), RecordOperation.Delete, null);
                break;
        }
    }

    /// <summary>Batches that are full, or of a table whose turn is over.</summary>
    public RecordBatch? TakeReady() => _ready.TryDequeue(out var batch) ? batch : null;

    /// <summary>Everything so far, with the position where it can be.</summary>
    public RecordBatch? TakeAll()
    {
        CloseOpen();
        if (_ready.TryDequeue(out var batch))
        {
            if (_ready.Count == 0)
            {
                Advance(batch);
            }

            return batch;
        }

        if (IsInTransaction || _reached <= _advanced)
        {
            return null;
        }

        var empty = context.Pool.Rent(64);
        Advance(empty);
        return empty;
    }

    /// <summary>Gives back what nobody will take.</summary>
    public void Discard()
    {
        CloseOpen();
        while (_ready.TryDequeue(out var batch))
        {
            batch.Release();
        }
    }

    private async Task UpdateAsync(UpdateMessage update, CancellationToken ct)
    {
        var table = _tables[update.Relation.RelationId];
        var before = update switch
        {
            FullUpdateMessage full => await ChangeRow.ReadAsync(table, full.OldRow, ct).ConfigureAwait(false),
            IndexUpdateMessage index => await ChangeRow.ReadKeyAsync(table, index.Key, ct).ConfigureAwait(false),
            _ => null,
        };
        var row = await ChangeRow.ReadAsync(table, update.NewRow, ct).ConfigureAwait(false);
        var whole = update is FullUpdateMessage ? before : null;
        if (before is not null)
        {
            row.Complete(before);
        }

        if (before is null || row.HasKeyOf(before))
        {
            Add(table, row, RecordOperation.Update, whole);
            return;
        }

        // Under its new key it is another row for whoever keeps rows by key. What was not sent is found only under the former one, which
        // is not to be removed before.
        if (row.IsPartial)
        {
            Add(table, row, RecordOperation.Update, before);
            Add(table, before, RecordOperation.Delete, whole);
        }
        else
        {
            Add(table, before, RecordOperation.Delete, whole);
            Add(table, row, RecordOperation.Update, before);
        }
    }

    private void Add(ChangeTable table, ChangeRow row, RecordOperation operation, ChangeRow? before)
    {
        if (_open is not null
            && (_open.Table != table || _open.Batch.RowCount >= context.BatchSize || _open.Batch.Length >= context.BatchBytes))
        {
            CloseOpen();
        }

        _open ??= new ChangeBatch(context, address, table);
        _open.Add(row, operation, before, _transaction, _ordinal++);
        _rows++;
    }

    private void CloseOpen()
    {
        if (_open is { } open)
        {
            open.Batch.BytesRead = open.Batch.Length;
            _ready.Enqueue(open.Batch);
            _open = null;
        }
    }

    private void Advance(RecordBatch batch)
    {
        if (!IsInTransaction && _reached > _advanced)
        {
            batch.AdvanceTo(ChangeSourceConnector.Split, new ChangePosition(_reached, _rows));
            _advanced = _reached;
        }
    }
}
