using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace DataFlow.Engine.State;

/// <summary>The dead letters of <see cref="SqliteStateStore"/>.</summary>
internal sealed class SqliteDeadLetters(SqliteDatabase database, SqliteWriter writer, TimeProvider time) : IDeadLetterStore
{
    private const string Where =
        """
        where pipeline = ?1 and id > ?2
          and (?3 is null or (replayed_at is not null) = ?3)
          and (?4 is null or reason = ?4) and (?5 is null or stage = ?5) and (?6 is null or split = ?6)
          and (?7 is null or id in (select value from json_each(?7)))
        """;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Removes the letters that no commit stands for, before the generation is raised and hides which they are.</summary>
    public static void DeleteUncommitted(SqliteConnection connection, string pipeline)
    {
        if (SqlitePipelines.StampOf(connection, pipeline) is { } last)
        {
            DeleteAbove(connection, pipeline, last);
        }
    }

    public static long MarkReplayed(SqliteConnection connection, string pipeline, IReadOnlyCollection<long> ids, long now) =>
        ids.Count == 0
            ? 0
            : connection.Execute(
                """
                update dead_letter set replayed_at = ?3
                where pipeline = ?1 and replayed_at is null and id in (select value from json_each(?2))
                """,
                pipeline, JsonSerializer.Serialize(ids), now);

    public async ValueTask<bool> AppendAsync(
        string pipeline, CommitStamp commit, IReadOnlyList<RecordError> errors, CancellationToken ct) =>
        await writer.WriteAsync(
            connection =>
            {
                if (!IsOfCurrentRun(connection, pipeline, commit))
                {
                    return false;
                }

                Insert(connection, pipeline, commit, errors);
                return true;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<long> DeleteAboveAsync(string pipeline, CommitStamp last, CancellationToken ct) =>
        await writer.WriteAsync(
            connection => IsOfCurrentRun(connection, pipeline, last) ? DeleteAbove(connection, pipeline, last) : 0, ct)
            .ConfigureAwait(false);

    public ValueTask<IReadOnlyList<DeadLetterRecord>> ListAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct) =>
        database.ReadAsync<IReadOnlyList<DeadLetterRecord>>(
            connection => connection.Rows(
                LetterOf,
                $"""
                select id, delivery_id, stage, reason, message, split, position_offset, generation, sequence, failed_at, replayed_at, raw
                from dead_letter {Where} order by id limit ?8
                """,
                [.. Parameters(pipeline, filter), filter.Limit]),
            ct);

    public ValueTask<IReadOnlyDictionary<string, long>> CountAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct) =>
        database.ReadAsync<IReadOnlyDictionary<string, long>>(
            connection => connection
                .Rows(
                    row => KeyValuePair.Create(row.GetString(0), row.GetInt64(1)),
                    $"select reason, count(*) from dead_letter {Where} group by reason",
                    Parameters(pipeline, filter))
                .ToDictionary(),
            ct);

    public async ValueTask<long> DeleteAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct) =>
        await writer.WriteAsync<long>(
            connection => connection.Execute($"delete from dead_letter {Where}", Parameters(pipeline, filter)), ct)
            .ConfigureAwait(false);

    public async ValueTask<long> MarkReplayedAsync(string pipeline, IReadOnlyCollection<long> ids, CancellationToken ct) =>
        await writer.WriteAsync(connection => MarkReplayed(connection, pipeline, ids, Now), ct).ConfigureAwait(false);

    private static bool IsOfCurrentRun(SqliteConnection connection, string pipeline, CommitStamp stamp) =>
        SqlitePipelines.StampOf(connection, pipeline) is { } stored
        && (stored.Generation, stored.Epoch) == (stamp.Generation, stamp.Epoch);

    private static long DeleteAbove(SqliteConnection connection, string pipeline, CommitStamp last) => connection.Execute(
        "delete from dead_letter where pipeline = ?1 and (generation, sequence) > (?2, ?3)", pipeline, last.Generation, last.Sequence);

    private void Insert(SqliteConnection connection, string pipeline, CommitStamp commit, IReadOnlyList<RecordError> errors)
    {
        using var insert = connection.Command(
            """
            insert into dead_letter(
              pipeline, delivery_id, stage, reason, message, split, position_offset, generation, sequence, failed_at, raw)
            values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            on conflict (pipeline, delivery_id, stage) do update set
              reason = excluded.reason, message = excluded.message, split = excluded.split,
              position_offset = excluded.position_offset, failed_at = excluded.failed_at, raw = excluded.raw, replayed_at = null
            """,
            pipeline, Array.Empty<byte>(), "", "", "", "", 0L, commit.Generation, commit.Sequence, Now, Array.Empty<byte>());
        foreach (var error in errors)
        {
            insert.Execute(
                pipeline, error.DeliveryId.ToByteArray(bigEndian: true), error.Stage, error.Reason, error.Message, error.Split,
                error.Offset, commit.Generation, commit.Sequence, Now, error.Raw);
        }
    }

    private static object?[] Parameters(string pipeline, DeadLetterFilter filter) =>
    [
        pipeline,
        filter.After,
        filter.Status switch { DeadLetterStatus.Open => 0, DeadLetterStatus.Replayed => 1, _ => null },
        filter.Reason,
        filter.Stage,
        filter.Split,
        filter.Ids is null ? null : JsonSerializer.Serialize(filter.Ids),
    ];

    private static DeadLetterRecord LetterOf(SqliteDataReader row) => new(
        row.GetInt64(0),
        new RecordError(
            new Guid(row.GetFieldValue<byte[]>(1), bigEndian: true),
            row.GetString(2),
            row.GetString(3),
            row.GetString(4),
            row.GetFieldValue<byte[]>(11),
            row.GetString(5),
            row.GetInt64(6)),
        row.GetInt64(7),
        row.GetInt64(8),
        row.Moment(9),
        row.IsDBNull(10) ? null : row.Moment(10));
}
