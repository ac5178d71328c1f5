using System.Data.Common;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// The checkpoint in the target database: one row per pipeline, one per split. Written in the transaction of the rows, it is the
/// authority on what was delivered; and nobody can commit whose epoch is not the one that stands there.
/// </summary>
internal sealed class SinkLedger(DatabaseAddress address, string table, string pipeline)
{
    private readonly WriterSession? _session = WriterSession.Of(address.Dialect, table, pipeline);
    private readonly string _head = address.Dialect.QuoteTable(table);
    private readonly string _splits = address.Dialect.QuoteTable(table + "_split");

    /// <summary>Makes the two tables where they are missing.</summary>
    public async Task CreateAsync(DbConnection connection, CancellationToken ct)
    {
        var (text, name) = address.Dialect switch
        {
            MySqlDialect => ("LONGTEXT", "VARCHAR(255)"),
            SqlServerDialect => ("NVARCHAR(MAX)", "NVARCHAR(255)"),
            _ => ("TEXT", "VARCHAR(255)"),
        };
        await CreateAsync(
            connection, _head, table,
            $"pipeline {name} NOT NULL PRIMARY KEY, generation BIGINT NOT NULL, epoch BIGINT NOT NULL, sequence BIGINT NOT NULL, "
                + $"counters {text} NOT NULL",
            ct).ConfigureAwait(false);
        await CreateAsync(
            connection, _splits, table + "_split",
            $"pipeline {name} NOT NULL, split_key CHAR(32) NOT NULL, split {text} NOT NULL, position_offset BIGINT NOT NULL, "
                + $"position {text} NOT NULL, PRIMARY KEY (pipeline, split_key)",
            ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Raises the fence to the epoch of this run, and reads what stands there. In a transaction of its own. Where a higher epoch
    /// stands, nothing is changed.
    /// </summary>
    public async Task<Checkpoint?> TakeOverAsync(DbConnection connection, SinkContext context, CancellationToken ct)
    {
        // Without the mark of a writer, which a later run may hold right now.
        var seen = await ReadHeadAsync(connection, transaction: null, isLocked: false, ct).ConfigureAwait(false);
        if (seen?.Epoch > context.Epoch)
        {
            return seen with { Splits = await ReadSplitsAsync(connection, transaction: null, ct).ConfigureAwait(false) };
        }

        await EndEarlierRunAsync(connection, context, ct).ConfigureAwait(false);
        var transaction = await BeginAsync(connection, ct).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            // A row that is not there needs no lock; MySQL would lock the gap, and pipelines that begin together each other out.
            var head = await ReadHeadAsync(connection, transaction, isLocked: seen is not null, ct).ConfigureAwait(false);
            if (head is null)
            {
                await BeginWithAsync(connection, transaction, context, ct).ConfigureAwait(false);
            }
            else if (head.Epoch > context.Epoch)
            {
                return head with { Splits = await ReadSplitsAsync(connection, transaction, ct).ConfigureAwait(false) };
            }
            else if (head.Generation < context.Generation)
            {
                await RunAsync(
                    connection, transaction,
                    $"UPDATE {_head} SET generation = {{0}}, epoch = {{1}}, sequence = 0, counters = '{{{{}}}}' WHERE pipeline = {{2}}",
                    ct, context.Generation, context.Epoch, pipeline).ConfigureAwait(false);
                await RunAsync(
                    connection, transaction, $"DELETE FROM {_splits} WHERE pipeline = {{0}}", ct, pipeline).ConfigureAwait(false);
                head = null;
            }
            else
            {
                await RunAsync(
                    connection, transaction, $"UPDATE {_head} SET epoch = {{0}} WHERE pipeline = {{1}}", ct, context.Epoch, pipeline)
                    .ConfigureAwait(false);
            }

            var splits = head is null ? [] : await ReadSplitsAsync(connection, transaction, ct).ConfigureAwait(false);
            await transaction.CommitAsync(ct).ConfigureAwait(false);
            return head is null or { Sequence: 0 }
                ? null
                : head with { Epoch = context.Epoch, Splits = splits, SinkState = StateOf(head.Sequence) };
        }
    }

    /// <summary>Begins a transaction that a later run can find, should it be left open.</summary>
    public async Task<DbTransaction> BeginAsync(DbConnection connection, CancellationToken ct)
    {
        var transaction = await connection.BeginTransactionAsync(ct).ConfigureAwait(false);
        try
        {
            if (_session is not null)
            {
                await _session.MarkAsync(connection, transaction, ct).ConfigureAwait(false);
            }

            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The connection goes back to its pool: it is no writer's any more.</summary>
    public Task LeaveAsync(DbConnection connection) => _session?.LeaveAsync(connection) ?? Task.CompletedTask;

    /// <summary>Writes a checkpoint in the transaction of the rows; false when another run has the table.</summary>
    public async Task<bool> WriteAsync(DbConnection connection, DbTransaction transaction, Checkpoint checkpoint, CancellationToken ct)
    {
        var changed = await RunAsync(
            connection, transaction,
            $"UPDATE {_head} SET sequence = {{0}}, counters = {{1}} WHERE pipeline = {{2}} AND generation = {{3}} AND epoch = {{4}} "
                + $"AND sequence < {{5}}",
            ct, checkpoint.Sequence, JsonSerializer.Serialize(checkpoint.Counters), pipeline, checkpoint.Generation,
            checkpoint.Epoch, checkpoint.Sequence).ConfigureAwait(false);
        if (changed != 1)
        {
            return false;
        }

        foreach (var (split, position) in checkpoint.Splits)
        {
            var key = KeyOf(split);
            var updated = await RunAsync(
                connection, transaction, $"UPDATE {_splits} SET position_offset = {{0}}, position = {{1}} WHERE pipeline = {{2}} "
                    + $"AND split_key = {{3}}",
                ct, position.Offset, position.Json, pipeline, key).ConfigureAwait(false);
            if (updated == 0)
            {
                await RunAsync(
                    connection, transaction, $"INSERT INTO {_splits} (pipeline, split_key, split, position_offset, position) VALUES "
                        + $"({{0}}, {{1}}, {{2}}, {{3}}, {{4}})",
                    ct, pipeline, key, split, position.Offset, position.Json).ConfigureAwait(false);
            }
        }

        foreach (var split in checkpoint.Gone)
        {
            await RunAsync(
                connection, transaction, $"DELETE FROM {_splits} WHERE pipeline = {{0}} AND split_key = {{1}}", ct, pipeline, KeyOf(split))
                .ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>What the engine keeps of a commit, to see later whether the target still has it.</summary>
    public static string StateOf(long sequence) => string.Create(CultureInfo.InvariantCulture, $"{{\"v\":1,\"sequence\":{sequence}}}");

    /// <summary>The commit that the engine knows of; 0 without one.</summary>
    public static long SequenceOf(string? state)
    {
        if (string.IsNullOrEmpty(state))
        {
            return 0;
        }

        using var document = JsonDocument.Parse(state);
        return document.RootElement.TryGetProperty("sequence", out var sequence) ? sequence.GetInt64() : 0;
    }

    private static string KeyOf(string split) =>
        XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(split)).ToString("x32", CultureInfo.InvariantCulture);

    private async Task CreateAsync(DbConnection connection, string quoted, string name, string columns, CancellationToken ct)
    {
        if (await MissingAsync(connection, quoted, ct).ConfigureAwait(false) is not { } missing)
        {
            return;
        }

        try
        {
            var engine = address.Dialect is MySqlDialect ? MySqlTables.Transactional : "";
            await connection.ExecuteAsync($"CREATE TABLE {quoted} ({columns}){engine}", ct).ConfigureAwait(false);
        }
        catch (DbException failure)
        {
            // Pipelines and instances that begin at the same moment all try to make it.
            if (await MissingAsync(connection, quoted, ct).ConfigureAwait(false) is null)
            {
                return;
            }

            throw address.Dialect.KindOf(failure) != FaultKind.Query
                ? failure
                : ConnectorException.User(
                    $"The table {name} for checkpoints is not in {address.Display} and can't be made: "
                        + $"{DatabaseFault.Said(failure, address)} "
                    + $"Have it made by somebody with the right, or name another with checkpoint-table. "
                    + $"({DatabaseFault.Said(missing, address)})",
                    failure);
        }
    }

    /// <summary>Null when a table is there, else what the database says.</summary>
    private static async Task<DbException?> MissingAsync(DbConnection connection, string quoted, CancellationToken ct)
    {
        try
        {
            await connection.ScalarAsync($"SELECT COUNT(*) FROM {quoted} WHERE 1 = 0", ct).ConfigureAwait(false);
            return null;
        }
        catch (DbException missing)
        {
            return missing;
        }
    }

    private async Task BeginWithAsync(DbConnection connection, DbTransaction transaction, SinkContext context, CancellationToken ct)
    {
        try
        {
            await RunAsync(
                connection, transaction,
                $"INSERT INTO {_head} (pipeline, generation, epoch, sequence, counters) VALUES ({{0}}, {{1}}, {{2}}, 0, '{{{{}}}}')",
                ct, pipeline, context.Generation, context.Epoch).ConfigureAwait(false);
        }
        catch (DbException failure) when (address.Dialect.KindOf(failure) == FaultKind.Data)
        {
            // The next attempt finds the other's epoch, and knows which of the two counts.
            throw ConnectorException.External($"Another run of this pipeline has begun in {address.Display} at the same moment.", failure);
        }
    }

    private async Task EndEarlierRunAsync(DbConnection connection, SinkContext context, CancellationToken ct)
    {
        try
        {
            if (_session is not null && await _session.EndEarlierAsync(connection, ct).ConfigureAwait(false))
            {
                context.Logger.LogWarning(
                    "An earlier run of this pipeline had left a transaction open in {Database}; its session was ended, so that nobody waits for its locks.",
                    address.Display);
            }
        }
        catch (DbException failure) when (address.Dialect.KindOf(failure) is FaultKind.Query or FaultKind.Passing)
        {
            // Without the right to it, or where it has ended by itself meanwhile: then it is waited for, as for anybody's locks.
            context.Logger.LogDebug(failure, "The session of an earlier run was not ended: {Failure}", DatabaseFault.Said(failure, address));
        }
    }

    private async Task<Checkpoint?> ReadHeadAsync(DbConnection connection, DbTransaction? transaction, bool isLocked, CancellationToken ct)
    {
        var forUpdate = isLocked && address.Dialect is (PostgreSqlDialect or MySqlDialect) ? " FOR UPDATE" : "";
        var command = Command(connection, transaction, $"SELECT generation, epoch, sequence, counters FROM {_head} WHERE pipeline = "
            + $"{{0}}{forUpdate}", [pipeline]);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                return await reader.ReadAsync(ct).ConfigureAwait(false)
                    ? new Checkpoint(
                        reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), new Dictionary<string, SplitPosition>(),
                        JsonSerializer.Deserialize<RecordCounters>(reader.GetString(3)), null)
                    : null;
            }
        }
    }

    private async Task<Dictionary<string, SplitPosition>> ReadSplitsAsync(
        DbConnection connection, DbTransaction? transaction, CancellationToken ct)
    {
        var splits = new Dictionary<string, SplitPosition>();
        var command = Command(connection, transaction, $"SELECT split, position_offset, position FROM {_splits} WHERE "
            + $"pipeline = {{0}}", [pipeline]);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(ct).ConfigureAwait(false))
                {
                    splits[reader.GetString(0)] = new SplitPosition(reader.GetInt64(1), reader.GetString(2));
                }
            }
        }

        return splits;
    }

    private async Task<int> RunAsync(
        DbConnection connection, DbTransaction transaction, string sql, CancellationToken ct, params object[] values)
    {
        var command = Command(connection, transaction, sql, values);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
        }
    }

    /// <summary>A statement with parameters where <c>{0}</c>, <c>{1}</c> stand.</summary>
    private DbCommand Command(DbConnection connection, DbTransaction? transaction, string sql, object[] values)
    {
        var dialect = address.Dialect;
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = string.Format(
            CultureInfo.InvariantCulture, sql, [.. values.Select((_, index) => (object)dialect.Placeholder(index + 1))]);
        for (var index = 0; index < values.Length; index++)
        {
            var parameter = command.CreateParameter();
            if (dialect is not PostgreSqlDialect)
            {
                parameter.ParameterName = dialect.ParameterName(index + 1);
            }

            parameter.Value = values[index];
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
