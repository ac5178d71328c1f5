using System.Data.Common;
using Microsoft.Data.SqlClient;
using MySqlConnector;
using Npgsql;

namespace DataFlow.Connectors;

/// <summary>A place in a transaction to go back to, also for SQL Server, whose provider has it under names of its own.</summary>
/// <param name="transaction">The transaction.</param>
/// <param name="name">Letters and underscores.</param>
internal readonly struct Savepoint(DbTransaction transaction, string name)
{
    /// <summary>Sets it.</summary>
    public Task SaveAsync(CancellationToken ct)
    {
        if (transaction is not SqlTransaction sqlServer)
        {
            return transaction.SaveAsync(name, ct);
        }

        sqlServer.Save(name);
        return Task.CompletedTask;
    }

    /// <summary>Forgets it, so that what was done since stands, and sets it anew: in one round trip where the database can.</summary>
    public async Task MoveAsync(CancellationToken ct)
    {
        if (transaction is NpgsqlTransaction { Connection: { } connection })
        {
            await connection.ExecuteAsync($"RELEASE SAVEPOINT {name}; SAVEPOINT {name}", ct).ConfigureAwait(false);
            return;
        }

        if (transaction is not MySqlTransaction)
        {
            await ReleaseAsync(ct).ConfigureAwait(false);
        }

        // MySQL forgets a place by itself when there is another of its name.
        await SaveAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Forgets it: what was done since stands.</summary>
    public Task ReleaseAsync(CancellationToken ct) =>
        transaction is SqlTransaction ? Task.CompletedTask : transaction.ReleaseAsync(name, ct);

    /// <summary>Undoes what was done since, and forgets it.</summary>
    public async Task RollBackAsync(CancellationToken ct)
    {
        if (transaction is SqlTransaction sqlServer)
        {
            sqlServer.Rollback(name);
            return;
        }

        await transaction.RollbackAsync(name, ct).ConfigureAwait(false);
        await transaction.ReleaseAsync(name, ct).ConfigureAwait(false);
    }
}
