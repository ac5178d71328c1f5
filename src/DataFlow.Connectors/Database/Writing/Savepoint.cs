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
    /// <exception cref="ConnectorException">The provider has no such places: a refused row could not be taken back alone.</exception>
    public async Task SaveAsync(CancellationToken ct)
    {
        if (transaction is SqlTransaction sqlServer)
        {
            sqlServer.Save(name);
            return;
        }

        try
        {
            await transaction.SaveAsync(name, ct).ConfigureAwait(false);
        }
        catch (NotSupportedException failure)
        {
            throw ConnectorException.User(
                "The provider of this database has no savepoints, so that one refused row would cost all others. Use another provider for it.",
                failure);
        }
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

    /// <summary>Forgets it: what was done since stands. Not every database has words for that; it is overwritten there.</summary>
    public async Task ReleaseAsync(CancellationToken ct)
    {
        if (transaction is SqlTransaction)
        {
            return;
        }

        try
        {
            await transaction.ReleaseAsync(name, ct).ConfigureAwait(false);
        }
        catch (NotSupportedException)
        {
            // The provider knows places to go back to, but not how to forget one.
        }
    }

    /// <summary>Undoes what was done since, and forgets it.</summary>
    public async Task RollBackAsync(CancellationToken ct)
    {
        if (transaction is SqlTransaction sqlServer)
        {
            sqlServer.Rollback(name);
            return;
        }

        await transaction.RollbackAsync(name, ct).ConfigureAwait(false);
        await ReleaseAsync(ct).ConfigureAwait(false);
    }
}
