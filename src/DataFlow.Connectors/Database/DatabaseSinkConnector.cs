using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>
/// Writes records into a table. Everything since the last commit is one transaction, and the checkpoint is its last statement: rows
/// and position are there together or not at all.
/// </summary>
internal sealed class DatabaseSinkConnector(DatabaseAddress address, DatabaseSinkOptions options) : ISink, IConnectionCheck
{
    private DbConnection? _connection;
    private DbTransaction? _transaction;
    private SinkLedger? _ledger;
    private TargetTable? _table;
    private ITableWriter? _writer;
    private RoundedValues? _rounded;
    private BatchPool _pool = BatchPool.Shared;
    private RecordSchema? _schema;
    private WriteTarget? _target;
    private int[] _columns = [];
    private bool _hasSavepoint;
    private DbException? _doubt;

    private DbConnection Connection => _connection ?? throw new InvalidOperationException("The sink is not open.");

    public async ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        await CloseAsync().ConfigureAwait(false);
        _pool = context.Pool;
        _connection = await address.OpenAsync(ct).ConfigureAwait(false);
        return await JudgedAsync(async () =>
        {
            _table = await TargetTable.FindAsync(Connection, address, options.Table, ct).ConfigureAwait(false);
            if (_table is null && options.TablePolicy == TablePolicy.MustExist)
            {
                throw ConnectorException.User(
                    $"The table {options.Table} is not in {address.Display}. Make it, mend the option table, or write "
                        + $"table-policy: create.");
            }

            _ledger = new SinkLedger(address, options.CheckpointTable, context.PipelineId);
            await _ledger.CreateAsync(Connection, ct).ConfigureAwait(false);
            if (address.Dialect is MySqlDialect)
            {
                await MySqlTables.CheckTransactionsAsync(
                    Connection, [options.Table, options.CheckpointTable, options.CheckpointTable + "_split"], ct).ConfigureAwait(false);
            }

            var held = await _ledger.TakeOverAsync(Connection, context, ct).ConfigureAwait(false);
            CrashPoint.Reach(CrashPoint.AfterSinkOpen);
            var known = context.StartsOver ? 0 : SinkLedger.SequenceOf(context.State);
            return held is null && known > 0
                ? throw ConnectorException.User(
                    $"{address.Display} has no commit of pipeline '{context.PipelineId}', but commit {known} had been made there: it is "
                    + "another database, or was restored from a backup. Put it right, or start over with --fresh.")
                : held;
        }).ConfigureAwait(false);
    }

    public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Count == 0)
        {
            return WriteResult.Written;
        }

        var refused = new List<RefusedRow>();
        await JudgedAsync(async () =>
        {
            await PrepareAsync(batch.Schema, ct).ConfigureAwait(false);
            _doubt = null;
            var target = _target!;
            foreach (var run in RowRun.Of(batch, _columns, target))
            {
                if (run.IsDelete && target.Key.Length == 0)
                {
                    throw ConnectorException.User("A record says that a row was removed, but the option key doesn't say which "
                        + "columns name it.");
                }

                var rows = _rounded!.Refuse(run, RowKey.Of(target, run, refused), refused);
                await WriteAsync(run, rows, refused, ct).ConfigureAwait(false);
            }

            // Where the provider doesn't tell a value that doesn't fit from a database that is ill, a row that went in tells.
            return _doubt is { } doubt && refused.Count == batch.Count
                ? throw DatabaseFault.OfStatement(doubt, address, null)
                : true;
        }).ConfigureAwait(false);
        return new WriteResult(refused);
    }

    public async ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return await JudgedAsync(async () =>
        {
            await BeginAsync(ct).ConfigureAwait(false);
            if (!await _ledger!.WriteAsync(Connection, _transaction!, checkpoint, ct).ConfigureAwait(false))
            {
                await RollBackAsync().ConfigureAwait(false);
                throw ConnectorException.User(
                    $"This pipeline was taken over by another run: {address.Display} has another epoch. Nothing that this run wrote "
                        + $"since its last commit counts.");
            }

            await _transaction!.CommitAsync(ct).ConfigureAwait(false);
            await _transaction.DisposeAsync().ConfigureAwait(false);
            _transaction = null;
            return SinkLedger.StateOf(checkpoint.Sequence);
        }).ConfigureAwait(false);
    }

    public async ValueTask CheckAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync() => await CloseAsync().ConfigureAwait(false);

    /// <summary>Writes rows; where the database refuses some, halves them until each refused one stands alone.</summary>
    private async Task WriteAsync(RowRun run, ReadOnlyMemory<int> rows, List<RefusedRow> refused, CancellationToken ct)
    {
        if (rows.IsEmpty)
        {
            return;
        }

        var before = new Savepoint(_transaction!, "dataflow_rows");
        await (_hasSavepoint ? before.MoveAsync(ct) : before.SaveAsync(ct)).ConfigureAwait(false);
        _hasSavepoint = true;
        try
        {
            await _writer!.WriteAsync(run, rows, _transaction!, ct).ConfigureAwait(false);
            return;
        }
        catch (DbException failure) when (MayBeRefusal(failure))
        {
            await before.RollBackAsync(ct).ConfigureAwait(false);
            _hasSavepoint = false;
            if (rows.Length == 1)
            {
                _doubt ??= address.Dialect.KindOf(failure) == FaultKind.Untold ? failure : null;
                refused.Add(new RefusedRow(
                    rows.Span[0], RefusalReason.Of(failure), $"The table {options.Table} refused the row: {DatabaseFault.Said(failure, address)}"));
                return;
            }
        }

        await WriteAsync(run, rows[..(rows.Length / 2)], refused, ct).ConfigureAwait(false);
        await WriteAsync(run, rows[(rows.Length / 2)..], refused, ct).ConfigureAwait(false);
    }

    private bool MayBeRefusal(DbException failure) =>
        failure is RefusedRowException || address.Dialect.KindOf(failure) is FaultKind.Data or FaultKind.Untold;

    /// <summary>Finds the columns of the fields; makes table or columns that are missing, as far as the options allow.</summary>
    private async Task PrepareAsync(RecordSchema schema, CancellationToken ct)
    {
        if (ReferenceEquals(schema, _schema) && _transaction is not null)
        {
            return;
        }

        // A database whose DDL ends a transaction gets it before the transaction begins.
        if (_table is null)
        {
            await AlterAsync(
                TargetTable.CreateStatement(address.Dialect, options.Table, schema, options.Key), () => _table is not null, ct).ConfigureAwait(false);
        }

        var missing = schema.Names.Where(name => _table!.IndexOf(name) < 0).ToList();
        if (missing.Count > 0 && options.TablePolicy == TablePolicy.Evolve)
        {
            // Nothing is lost: what was written since the last commit is read and written again.
            var beginsAgain = address.Dialect is MySqlDialect && _transaction is not null;
            if (beginsAgain)
            {
                await RollBackAsync().ConfigureAwait(false);
            }

            foreach (var name in missing)
            {
                var type = ColumnTypes.Of(address.Dialect, schema.TypeOf(schema.IndexOf(name)), isKey: false);
                await AlterAsync(
                    $"ALTER TABLE {_table!.Quoted} {address.Dialect.AddColumn} {address.Dialect.Quote(name)} {type}",
                    () => _table!.IndexOf(name) >= 0,
                    ct).ConfigureAwait(false);
            }

            if (beginsAgain)
            {
                throw ConnectorException.External(
                    $"The table {options.Table} got the columns {string.Join(", ", missing)}, which {address.Dialect.Name} adds only between two "
                    + "transactions: what was written since the last commit is written again.");
            }
        }
        else if (missing.Count > 0 && options.OnUnknownField == UnknownFieldPolicy.Fail)
        {
            throw ConnectorException.User(
                $"The table {options.Table} has no column for {string.Join(", ", missing.Select(name => $"'{name}'"))}; it has "
                    + $"{string.Join(", ", _table!.Columns.Select(column => column.ColumnName))}. "
                + "Add the column, leave the field out with select, or write table-policy: evolve or on-unknown-field: ignore.");
        }

        await BeginAsync(ct).ConfigureAwait(false);
        var isKnown = ReferenceEquals(schema, _schema) && _writer is not null;
        _schema = schema;
        _columns = [.. schema.Names.Select(_table!.IndexOf)];
        int[] key = [.. options.Key.Select(name => _table.IndexOf(name) is >= 0 and var column
            ? column
            : throw ConnectorException.User($"The table {options.Table} has no column '{name}', which the option key names."))];
        _target = new WriteTarget(Connection, _table, key, options);
        if (!isKnown && address.Dialect is MySqlDialect && options.Write == TableWrite.Upsert)
        {
            await MySqlUniqueIndexes.CheckAsync(_target, _columns, _transaction, ct).ConfigureAwait(false);
        }

        _rounded = new RoundedValues(_target, address.Dialect);
        _writer ??= CreateWriter(_target);
    }

    private async Task BeginAsync(CancellationToken ct)
    {
        if (_transaction is null)
        {
            _transaction = await _ledger!.BeginAsync(Connection, ct).ConfigureAwait(false);
            _hasSavepoint = false;
        }
    }

    /// <summary>Makes or alters the table, unless somebody else has done it meanwhile: instances begin at the same moment.</summary>
    private async Task AlterAsync(string sql, Func<bool> isDone, CancellationToken ct)
    {
        try
        {
            await Connection.ExecuteAsync(sql, ct, _transaction).ConfigureAwait(false);
            await RenewTableAsync(ct).ConfigureAwait(false);
        }
        catch (DbException) when (_transaction is null)
        {
            await RenewTableAsync(ct).ConfigureAwait(false);
            if (!isDone())
            {
                throw;
            }
        }

        if (!isDone())
        {
            throw ConnectorException.User($"The table {options.Table} was made or altered, but can't be read as it is now.");
        }
    }

    private async Task RenewTableAsync(CancellationToken ct)
    {
        _table = await TargetTable.FindAsync(Connection, address, options.Table, ct, _transaction).ConfigureAwait(false);
        if (_writer is not null)
        {
            await _writer.DisposeAsync().ConfigureAwait(false);
            _writer = null;
        }
    }

    private ITableWriter CreateWriter(WriteTarget target) => address.Dialect switch
    {
        PostgreSqlDialect => new PostgreSqlTableWriter(target, _pool),
        MySqlDialect => new MySqlTableWriter(target, _pool),
        SqliteDialect => new SqliteTableWriter(target),
        SqlServerDialect => new SqlServerTableWriter(target),
        var dialect => new InsertTableWriter(target, dialect),
    };

    private async Task<T> JudgedAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception failure) when (
            failure is DbException or IOException or TimeoutException or InvalidOperationException { InnerException: DbException })
        {
            throw DatabaseFault.OfStatement(failure, address, null);
        }
    }

    private async Task RollBackAsync()
    {
        if (_transaction is { } transaction)
        {
            _transaction = null;
            await transaction.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task CloseAsync()
    {
        if (_writer is not null)
        {
            await _writer.DisposeAsync().ConfigureAwait(false);
            _writer = null;
        }

        try
        {
            await RollBackAsync().ConfigureAwait(false);
            if (_ledger is not null && _connection is not null)
            {
                await _ledger.LeaveAsync(_connection).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is DbException or IOException or InvalidOperationException)
        {
            // The connection is gone, and the transaction with it.
        }

        if (_connection is not null)
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
            _connection = null;
        }

        (_schema, _table, _target, _ledger) = (null, null, null, null);
    }
}
