using Microsoft.Data.Sqlite;

namespace DataFlow.Engine.State;

/// <summary>The statements on pipelines, splits and history. Each runs inside the caller's transaction.</summary>
internal static class SqlitePipelines
{
    private const string Columns =
        """
        name, generation, epoch, sequence, records_read, delivered, filtered, dead_lettered, dropped, deduplicated, bytes_read,
        sink_state, fingerprint, owner, updated
        """;

    private const string SetCheckpoint =
        """
        sequence = ?4, records_read = ?5, delivered = ?6, filtered = ?7, dead_lettered = ?8, dropped = ?9, deduplicated = ?10,
        bytes_read = ?11, sink_state = ?12, updated = ?13
        """;

    private static readonly Dictionary<string, SplitPosition> NoSplits = [];

    public static void MakeSureItExists(SqliteConnection connection, string pipeline, long now) => connection.Execute(
        "insert into pipeline values (?1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, null, null, null, ?2) on conflict do nothing", pipeline, now);

    public static CommitStamp? StampOf(SqliteConnection connection, string pipeline)
    {
        var rows = connection.Rows(
            row => new CommitStamp(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)),
            "select generation, epoch, sequence from pipeline where name = ?1",
            pipeline);
        return rows.Count == 0 ? null : rows[0];
    }

    public static CommitOutcome? Commit(SqliteConnection connection, string pipeline, StateCommit commit, long now)
    {
        var stamp = CommitStamp.Of(commit.Checkpoint);
        var outcome = CommitRules.Compare(StampOf(connection, pipeline) ?? default, stamp);
        if (outcome == CommitOutcome.Committed)
        {
            Store(
                connection,
                $"""
                update pipeline set {SetCheckpoint}, fingerprint = coalesce(?14, fingerprint)
                where name = ?1 and generation = ?2 and epoch = ?3
                """,
                pipeline, stamp.Epoch, commit.Checkpoint, now, commit.SourceFingerprint);
            PutSplits(connection, pipeline, commit.Checkpoint.Splits);
            SqliteDeadLetters.MarkReplayed(connection, pipeline, commit.Replayed, now);
        }

        return outcome;
    }

    public static bool Adopt(SqliteConnection connection, string pipeline, long epoch, Checkpoint authority, long now)
    {
        if (StampOf(connection, pipeline) is not { } stored
            || stored.Epoch != epoch
            || !CommitRules.Overrules(CommitStamp.Of(authority), stored))
        {
            return false;
        }

        Store(
            connection,
            $"update pipeline set generation = ?2, {SetCheckpoint} where name = ?1 and epoch = ?3",
            pipeline, epoch, authority, now);
        connection.Execute("delete from split where pipeline = ?1", pipeline);
        PutSplits(connection, pipeline, authority.Splits);
        return true;
    }

    public static bool RaiseEpoch(SqliteConnection connection, string pipeline, long epoch, long raised, long now) =>
        connection.Execute(
            "update pipeline set epoch = ?3, updated = ?4 where name = ?1 and epoch = ?2", pipeline, epoch, raised, now) == 1;

    public static bool Reset(SqliteConnection connection, string pipeline, long now)
    {
        connection.Execute("delete from split where pipeline = ?1", pipeline);
        return connection.Execute(
            """
            update pipeline set generation = generation + 1, sequence = 0, records_read = 0, delivered = 0, filtered = 0,
              dead_lettered = 0, dropped = 0, deduplicated = 0, bytes_read = 0, fingerprint = null, updated = ?2
            where name = ?1
            """,
            pipeline, now) == 1;
    }

    /// <summary>Forgets what it has left in its sink: a later one of its name must not take it for its own and replace it.</summary>
    public static void DisownOutput(SqliteConnection connection, string pipeline) =>
        connection.Execute("update pipeline set sink_state = null where name = ?1", pipeline);

    public static void Seek(SqliteConnection connection, string pipeline, string split, SplitPosition position, long now)
    {
        connection.Execute(
            "update pipeline set generation = generation + 1, sequence = 0, updated = ?2 where name = ?1", pipeline, now);
        PutSplits(connection, pipeline, new Dictionary<string, SplitPosition> { [split] = position });
    }

    public static PipelineState? Read(SqliteConnection connection, string pipeline)
    {
        var splits = connection
            .Rows(
                row => KeyValuePair.Create(row.GetString(0), new SplitPosition(row.GetInt64(1), row.GetString(2))),
                "select split, position_offset, position from split where pipeline = ?1",
                pipeline)
            .ToDictionary();
        var rows = connection.Rows(
            row => StateOf(row, splits), $"select {Columns} from pipeline where name = ?1", pipeline);
        return rows.Count == 0 ? null : rows[0];
    }

    public static IReadOnlyList<PipelineState> List(SqliteConnection connection) =>
        connection.Rows(row => StateOf(row, NoSplits), $"select {Columns} from pipeline order by name");

    public static void AddHistory(
        SqliteConnection connection, string pipeline, HistoryEvent happened, string owner, string? detail, long now)
    {
        var stamp = StampOf(connection, pipeline) ?? default;
        connection.Execute(
            "insert into history(pipeline, at, event, owner, detail, generation, epoch) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            pipeline, now, happened.ToString(), owner, detail, stamp.Generation, stamp.Epoch);
        connection.Execute(
            """
            delete from history where pipeline = ?1 and (event = ?3) = ?4 and id <=
              (select id from history where pipeline = ?1 and (event = ?3) = ?4 order by id desc limit 1 offset ?2)
            """,
            pipeline, CommitRules.LimitOf(happened), nameof(HistoryEvent.Gap), happened == HistoryEvent.Gap);
    }

    public static IReadOnlyList<HistoryEntry> History(SqliteConnection connection, string pipeline, int limit) => connection.Rows(
        row => new HistoryEntry(
            row.Moment(0),
            Enum.Parse<HistoryEvent>(row.GetString(1)),
            row.GetString(2),
            row.TextOrNull(3),
            row.GetInt64(4),
            row.GetInt64(5))
        {
            Number = row.GetInt64(6),
        },
        "select at, event, owner, detail, generation, epoch, id from history where pipeline = ?1 order by id desc limit ?2",
        pipeline, limit);

    private static void Store(
        SqliteConnection connection, string sql, string pipeline, long epoch, Checkpoint checkpoint, long now,
        params ReadOnlySpan<object?> more)
    {
        var counters = checkpoint.Counters;
        connection.Execute(
            sql,
            [
                pipeline, checkpoint.Generation, epoch, checkpoint.Sequence, counters.Read, counters.Delivered, counters.Filtered,
                counters.DeadLettered, counters.Dropped, counters.Deduplicated, counters.Bytes, checkpoint.SinkState, now, .. more,
            ]);
    }

    private static void PutSplits(SqliteConnection connection, string pipeline, IReadOnlyDictionary<string, SplitPosition> splits)
    {
        using var put = connection.Command(
            """
            insert into split values (?1, ?2, ?3, ?4)
            on conflict do update set position_offset = excluded.position_offset, position = excluded.position
            """,
            pipeline, "", 0L, "");
        foreach (var (split, position) in splits)
        {
            put.Execute(pipeline, split, position.Offset, position.Json);
        }
    }

    private static PipelineState StateOf(SqliteDataReader row, IReadOnlyDictionary<string, SplitPosition> splits) => new(
        row.GetString(0),
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
