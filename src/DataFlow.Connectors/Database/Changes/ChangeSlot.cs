using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace DataFlow.Connectors;

/// <summary>The replication slot and the publication of a pipeline: what has to be there before changes can be read.</summary>
internal sealed class ChangeSlot(DatabaseAddress address, DatabaseSourceOptions options, string pipeline)
{
    /// <summary>The slot's name.</summary>
    public string Name { get; } = options.Slot.Length > 0
        ? options.Slot
        : "dataflow_" + new string([.. pipeline.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]);

    /// <summary>The publication's name.</summary>
    public string Publication => options.Publication.Length > 0 ? options.Publication : Name;

    /// <summary>Makes the publication, or limits it to the tables.</summary>
    /// <exception cref="ConnectorException">The server or a table isn't ready for it; the message says what to change.</exception>
    public async Task PublishAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            if (await connection.ScalarAsync("SHOW wal_level", ct).ConfigureAwait(false) is not "logical")
            {
                throw ConnectorException.User(
                    $"{address.Display} does not write its changes so that they can be read. Set wal_level = logical in "
                        + $"postgresql.conf and restart it.");
            }

            foreach (var table in options.Tables)
            {
                if (await RelationAsync(connection, table, ct).ConfigureAwait(false) is null)
                {
                    throw ConnectorException.User($"The table {table} is not in {address.Display}. Mend the option tables.");
                }

                await ThrowIfNamelessAsync(connection, table, ct).ConfigureAwait(false);
            }

            await new ChangePublication(address, Publication, isNamedByUser: options.Publication.Length > 0, pipeline)
                .PublishAsync(connection, options.Tables, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Sees that the slot still holds everything after a position.</summary>
    /// <exception cref="ConnectorException">It does not: changes are lost.</exception>
    public async Task CheckAsync(ChangePosition position, CancellationToken ct)
    {
        var confirmed = await ConfirmedAsync(ct).ConfigureAwait(false);
        if (confirmed is null)
        {
            throw ConnectorException.User(
                $"The replication slot {Name} is gone from {address.Display}, and with it the changes since {position.Lsn}. Start "
                    + $"over with --fresh: the rows are read anew.");
        }

        if (await IsLostAsync(ct).ConfigureAwait(false))
        {
            throw ConnectorException.User(
                $"The replication slot {Name} of {address.Display} has fallen so far behind that the server has removed the log that it needs "
                    + $"(max_slot_wal_keep_size): the changes since {position.Lsn} are lost. Start over with --fresh: the rows are read anew.");
        }

        if (confirmed > position.Lsn)
        {
            throw ConnectorException.User(
                $"The replication slot {Name} has moved on to {confirmed}, but this pipeline has only got to {position.Lsn}: "
                    + $"somebody else has read from it, or the state is an old "
                + "one. Start over with --fresh: the rows are read anew.");
        }
    }

    /// <summary>Drops a slot that an earlier first run has left.</summary>
    public async Task DropLeftoverAsync(ILogger logger, CancellationToken ct)
    {
        if (await ConfirmedAsync(ct).ConfigureAwait(false) is not null)
        {
            await ThrowIfOfOthersAsync(ct).ConfigureAwait(false);
            logger.LogInformation("The replication slot {Slot} was left by a run that had delivered nothing; it is made anew.", Name);

            // Who has taken it up in this moment keeps it: the server refuses to drop what is in use.
            await ExecuteAsync(
                $"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = {PostgreSqlDialect.Text(Name)}", ct)
                .ConfigureAwait(false);
        }
    }

    /// <summary>Slots belong to the whole server: one of this name may be somebody else's.</summary>
    private async Task ThrowIfOfOthersAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var use = await connection.ScalarAsync(
                "SELECT CASE WHEN database IS DISTINCT FROM current_database() OR plugin IS DISTINCT FROM 'pgoutput' "
                    + "THEN 'other' WHEN active THEN 'active' END FROM pg_replication_slots WHERE slot_name = " + PostgreSqlDialect.Text(Name), ct)
                .ConfigureAwait(false);
            switch (use)
            {
                case "other":
                    throw ConnectorException.User(
                        $"The replication slot {Name} is there already, for another database or another program. Give this pipeline a slot of its own with the option slot.");
                case "active":
                    throw ConnectorException.External(
                        $"The replication slot {Name} is in use: a run that has just ended lets it go in a moment. If another pipeline of this name runs, give this one a slot of its own with the option slot.");
            }
        }
    }

    /// <summary>Drops the slot: the server needn't keep anything for us any more.</summary>
    public async Task DropAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            // Who holds it needs a moment to end, and until then the server refuses to drop it.
            var slot = $"FROM pg_replication_slots WHERE slot_name = {PostgreSqlDialect.Text(Name)}";
            await connection.ExecuteAsync(
                $"DO $$ BEGIN FOR attempt IN 1..100 LOOP PERFORM pg_terminate_backend(active_pid) {slot} AND active_pid IS NOT NULL; "
                    + $"EXIT WHEN NOT FOUND; PERFORM pg_sleep(0.1); END LOOP; PERFORM pg_drop_replication_slot(slot_name) {slot}; END $$", ct)
                .ConfigureAwait(false);
        }
    }

    /// <summary>Where the log ends now, and how many bytes of it are kept for us.</summary>
    public async Task<(NpgsqlLogSequenceNumber End, long Lag)> LagAsync(CancellationToken ct)
    {
        var connection = (NpgsqlConnection)await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var command = new NpgsqlCommand(
                "SELECT pg_current_wal_lsn()::text, coalesce(pg_current_wal_lsn() - confirmed_flush_lsn, 0)::bigint "
                    + "FROM pg_replication_slots WHERE slot_name = $1", connection);
            await using (command.ConfigureAwait(false))
            {
                command.Parameters.AddWithValue(Name);
                var reader = await command.ExecuteReaderAsync(ct).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    return await reader.ReadAsync(ct).ConfigureAwait(false)
                        ? (NpgsqlLogSequenceNumber.Parse(reader.GetString(0)), reader.GetInt64(1))
                        : throw ConnectorException.User($"The replication slot {Name} is gone from {address.Display}. Start "
                            + $"over with --fresh.");
                }
            }
        }
    }

    /// <summary>Writes a mark into the log, which comes back to us in its place.</summary>
    public Task MarkAsync(CancellationToken ct) =>
        ExecuteAsync($"SELECT pg_logical_emit_message(false, 'dataflow', {PostgreSqlDialect.Text(Name)})", ct);

    /// <summary>The columns of each table's primary key, by table.</summary>
    public async Task<IReadOnlyDictionary<string, HashSet<string>>> KeysAsync(CancellationToken ct)
    {
        var keys = new Dictionary<string, HashSet<string>>();
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            foreach (var table in options.Tables)
            {
                var relation = $"to_regclass({PostgreSqlDialect.Text(address.Dialect.QuoteTable(table))})";
                var name = await connection.ScalarAsync(
                    $"SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
                        + $"c.oid = {relation}", ct).ConfigureAwait(false);
                var columns = await connection.ListAsync(
                    $"SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) "
                        + $"WHERE i.indisprimary AND i.indrelid = {relation}",
                    ct).ConfigureAwait(false);
                keys[Convert.ToString(name, CultureInfo.InvariantCulture)!] = [.. columns];
            }
        }

        return keys;
    }

    /// <summary>A published table without a replica identity takes no more UPDATE and DELETE, from anybody.</summary>
    private async Task ThrowIfNamelessAsync(DbConnection connection, string table, CancellationToken ct)
    {
        var isNameless = await connection.ScalarAsync(
            $"SELECT c.relkind = 'r' AND (c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index i WHERE "
                + $"i.indrelid = c.oid AND i.indisprimary AND i.indimmediate))) FROM pg_class c WHERE c.oid = "
                + $"to_regclass({PostgreSqlDialect.Text(address.Dialect.QuoteTable(table))})", ct).ConfigureAwait(false);
        if (isNameless is true)
        {
            throw ConnectorException.User(
                $"The table {table} has no primary key that names its rows in the log: as soon as its changes were published, the server would "
                + $"refuse every UPDATE and DELETE. Give it a primary key, or run ALTER TABLE {address.Dialect.QuoteTable(table)} REPLICA IDENTITY FULL.");
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            await connection.ExecuteAsync(sql, ct).ConfigureAwait(false);
        }
    }

    /// <summary>A table's name as the server writes it; null where there is none.</summary>
    private async Task<string?> RelationAsync(DbConnection connection, string table, CancellationToken ct)
    {
        var name = PostgreSqlDialect.Text(address.Dialect.QuoteTable(table));
        return await connection.ScalarAsync($"SELECT to_regclass({name})::text", ct).ConfigureAwait(false) as string;
    }

    /// <summary>By way of JSON: servers before 13 don't tell.</summary>
    private async Task<bool> IsLostAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await connection.ScalarAsync(
                $"SELECT to_jsonb(s) ->> 'wal_status' FROM pg_replication_slots s WHERE slot_name = {PostgreSqlDialect.Text(Name)}", ct)
                .ConfigureAwait(false) is "lost";
        }
    }

    private async Task<NpgsqlLogSequenceNumber?> ConfirmedAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await connection.ScalarAsync(
                $"SELECT coalesce(confirmed_flush_lsn, '0/0')::text FROM pg_replication_slots WHERE slot_name = "
                    + $"{PostgreSqlDialect.Text(Name)}", ct).ConfigureAwait(false)
                is string lsn ? NpgsqlLogSequenceNumber.Parse(lsn) : null;
        }
    }
}
