using Npgsql;

namespace DataFlow.Engine.State;

/// <summary>The statements on pipelines, splits and history. Each runs inside the caller's transaction.</summary>
internal static class PostgresPipelines
{
    private const string Columns =
        """
        name, generation, epoch, sequence, records_read, delivered, filtered, dead_lettered, dropped, deduplicated, bytes_read,
        sink_state, fingerprint, owner, updated
        """;

    private const string Splits =
        """
        array(select split from dataflow.split where pipeline = name order by split_key),
        array(select position_offset from dataflow.split where pipeline = name order by split_key),
        array(select position from dataflow.split where pipeline = name order by split_key)
        """;

    public static Task<int> MakeSureItExistsAsync(NpgsqlConnection connection, string pipeline, DateTimeOffset now, CancellationToken ct) =>
        connection.ExecuteAsync(
            "insert into dataflow.pipeline values ($1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, null, null, null, $2) on conflict do nothing",
            [pipeline, now], ct);

    /// <summary>Locks the pipeline until the transaction ends: what is decided on the stamp stays true.</summary>
    public static async Task<CommitStamp?> LockAsync(NpgsqlConnection connection, string pipeline, CancellationToken ct)
    {
        var rows = await connection.RowsAsync(
            row => new CommitStamp(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)),
            "select generation, epoch, sequence from dataflow.pipeline where name = $1 for update",
            [pipeline], ct).ConfigureAwait(false);
        return rows.Count == 0 ? null : rows[0];
    }

    public static async Task<bool> AdoptAsync(
        NpgsqlConnection connection, string pipeline, long epoch, Checkpoint authority, DateTimeOffset now, CancellationToken ct)
    {
        if (await LockAsync(connection, pipeline, ct).ConfigureAwait(false) is not { } stored
            || stored.Epoch != epoch
            || !CommitRules.Overrules(CommitStamp.Of(authority), stored))
        {
            return false;
        }

        var counters = authority.Counters;
        await connection.ExecuteAsync(
            """
            update dataflow.pipeline set generation = $2, sequence = $3, records_read = $4, delivered = $5, filtered = $6,
              dead_lettered = $7, dropped = $8, deduplicated = $9, bytes_read = $10, sink_state = $11, updated = $12
            where name = $1
            """,
            [
                pipeline, authority.Generation, authority.Sequence, counters.Read, counters.Delivered, counters.Filtered,
                counters.DeadLettered, counters.Dropped, counters.Deduplicated, counters.Bytes, authority.SinkState, now,
            ],
            ct).ConfigureAwait(false);
        await connection.ExecuteAsync("delete from dataflow.split where pipeline = $1", [pipeline], ct).ConfigureAwait(false);
        await PutSplitsAsync(connection, pipeline, authority.Splits, ct).ConfigureAwait(false);
        return true;
    }

    public static async Task<bool> RaiseEpochAsync(
        NpgsqlConnection connection, string pipeline, long epoch, long raised, DateTimeOffset now, CancellationToken ct) =>
        await connection.ExecuteAsync(
            "update dataflow.pipeline set epoch = $3, updated = $4 where name = $1 and epoch = $2", [pipeline, epoch, raised, now], ct)
            .ConfigureAwait(false) == 1;

    public static async Task ResetAsync(NpgsqlConnection connection, string pipeline, DateTimeOffset now, CancellationToken ct)
    {
        await connection.ExecuteAsync("delete from dataflow.split where pipeline = $1", [pipeline], ct).ConfigureAwait(false);
        await connection.ExecuteAsync(
            """
            update dataflow.pipeline set generation = generation + 1, sequence = 0, records_read = 0, delivered = 0, filtered = 0,
              dead_lettered = 0, dropped = 0, deduplicated = 0, bytes_read = 0, fingerprint = null, updated = $2
            where name = $1
            """,
            [pipeline, now], ct).ConfigureAwait(false);
    }

    /// <summary>Forgets what it has left in its sink: a later one of its name must not take it for its own and replace it.</summary>
    public static Task DisownOutputAsync(NpgsqlConnection connection, string pipeline, CancellationToken ct) =>
        connection.ExecuteAsync("update dataflow.pipeline set sink_state = null where name = $1", [pipeline], ct);

    public static async Task SeekAsync(
        NpgsqlConnection connection, string pipeline, string split, SplitPosition position, DateTimeOffset now, CancellationToken ct)
    {
        await connection.ExecuteAsync(
            "update dataflow.pipeline set generation = generation + 1, sequence = 0, updated = $2 where name = $1", [pipeline, now], ct)
            .ConfigureAwait(false);
        await PutSplitsAsync(connection, pipeline, new Dictionary<string, SplitPosition> { [split] = position }, ct).ConfigureAwait(false);
    }

    /// <summary>In one statement, so that pipeline and splits are of the same moment.</summary>
    public static async Task<PipelineState?> ReadAsync(NpgsqlConnection connection, string pipeline, CancellationToken ct)
    {
        var rows = await connection.RowsAsync(
            row => StateOf(row, SplitsOf(row)), $"select {Columns}, {Splits} from dataflow.pipeline where name = $1", [pipeline], ct)
            .ConfigureAwait(false);
        return rows.Count == 0 ? null : rows[0];
    }

    public static async Task<IReadOnlyList<PipelineState>> ListAsync(NpgsqlConnection connection, CancellationToken ct) =>
        await connection.RowsAsync(
            row => StateOf(row, Checkpoint.None.Splits), $"select {Columns} from dataflow.pipeline order by name", [], ct)
            .ConfigureAwait(false);

    public static async Task AddHistoryAsync(
        NpgsqlConnection connection, string pipeline, HistoryEvent happened, string owner, string? detail, DateTimeOffset now,
        CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(
            """
            insert into dataflow.history(pipeline, at, event, owner, detail, generation, epoch)
            select $1, $2, $3, $4, $5, coalesce(max(generation), 0), coalesce(max(epoch), 0) from dataflow.pipeline where name = $1
            """,
            pipeline, now, happened.ToString(), owner, detail);
        batch.Add(
            """
            delete from dataflow.history where pipeline = $1 and (event = $3) = $4 and id <=
              (select id from dataflow.history where pipeline = $1 and (event = $3) = $4 order by id desc limit 1 offset $2)
            """,
            pipeline, (long)CommitRules.LimitOf(happened), nameof(HistoryEvent.Gap), happened == HistoryEvent.Gap);
        await batch.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
    }

    public static async Task<IReadOnlyList<HistoryEntry>> HistoryAsync(
        NpgsqlConnection connection, string pipeline, int limit, CancellationToken ct) => await connection.RowsAsync(
        row => new HistoryEntry(
            row.Moment(0),
            Enum.Parse<HistoryEvent>(row.Text(1)),
            row.Text(2),
            row.TextOrNull(3),
            row.GetInt64(4),
            row.GetInt64(5))
        {
            Number = row.GetInt64(6),
        },
        "select at, event, owner, detail, generation, epoch, id from dataflow.history where pipeline = $1 order by id desc limit $2",
        [pipeline, (long)limit], ct).ConfigureAwait(false);

    private static async Task PutSplitsAsync(
        NpgsqlConnection connection, string pipeline, IReadOnlyDictionary<string, SplitPosition> splits, CancellationToken ct)
    {
        var rows = new PostgresSplits(splits);
        await connection.ExecuteAsync(
            $"insert into dataflow.split select $1, * from unnest($2, $3, $4, $5) {PostgresSplits.OnConflict}",
            [pipeline, rows.Keys, rows.Names, rows.Offsets, rows.Positions], ct).ConfigureAwait(false);
    }

    private static Dictionary<string, SplitPosition> SplitsOf(NpgsqlDataReader row)
    {
        var names = row.GetFieldValue<string[]>(15);
        var offsets = row.GetFieldValue<long[]>(16);
        var positions = row.GetFieldValue<string[]>(17);
        var splits = new Dictionary<string, SplitPosition>(names.Length);
        for (var i = 0; i < names.Length; i++)
        {
            splits[PostgresText.Unescape(names[i])] = new SplitPosition(offsets[i], PostgresText.Unescape(positions[i]));
        }

        return splits;
    }

    private static PipelineState StateOf(NpgsqlDataReader row, IReadOnlyDictionary<string, SplitPosition> splits) => new(
        row.Text(0),
        new Checkpoint(
            row.GetInt64(1),
            row.GetInt64(2),
            row.GetInt64(3),
            splits,
            new RecordCounters
            {
                Read = row.GetInt64(4),
                Delivered = row.GetInt64(5),
                Filtered = row.GetInt64(6),
                DeadLettered = row.GetInt64(7),
                Dropped = row.GetInt64(8),
                Deduplicated = row.GetInt64(9),
                Bytes = row.GetInt64(10),
            },
            row.TextOrNull(11)),
        row.TextOrNull(12),
        row.TextOrNull(13),
        row.Moment(14));
}
