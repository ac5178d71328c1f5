using Npgsql;

namespace DataFlow.Engine.State;

/// <summary>The dead letters of <see cref="PostgresStateStore"/>.</summary>
internal sealed class PostgresDeadLetters(PostgresDatabase database, TimeProvider time) : IDeadLetterStore
{
    // A statement that inserts holds its rows in memory, here and in the server.
    private const int MostLetters = 1000;
    private const int MostBytes = 8 << 20;

    private const string Where =
        """
        where pipeline = $1 and id > $2
          and ($3::boolean is null or (replayed_at is not null) = $3)
          and ($4::text is null or reason = $4) and ($5::text is null or stage = $5) and ($6::text is null or split = $6)
          and ($7::bigint[] is null or id = any($7))
        """;

    /// <summary>Removes the letters that no commit stands for, before the generation is raised and hides which they are.</summary>
    public static Task<int> DeleteAboveAsync(NpgsqlConnection connection, string pipeline, CommitStamp last, CancellationToken ct) =>
        connection.ExecuteAsync(
            "delete from dataflow.dead_letter where pipeline = $1 and (generation, sequence) > ($2, $3)",
            [pipeline, last.Generation, last.Sequence], ct);

    public async ValueTask<bool> AppendAsync(
        string pipeline, CommitStamp commit, IReadOnlyList<RecordError> errors, CancellationToken ct) =>
        await database.WriteAsync(
            async connection =>
            {
                if (!await IsOfCurrentRunAsync(connection, pipeline, commit, ct).ConfigureAwait(false))
                {
                    return false;
                }

                foreach (var page in Pages(errors))
                {
                    await InsertAsync(connection, pipeline, commit, page, ct).ConfigureAwait(false);
                }

                return true;
            },
            ct).ConfigureAwait(false);

    public async ValueTask<long> DeleteAboveAsync(string pipeline, CommitStamp last, CancellationToken ct) =>
        await database.WriteAsync<long>(
            async connection => await IsOfCurrentRunAsync(connection, pipeline, last, ct).ConfigureAwait(false)
                ? await DeleteAboveAsync(connection, pipeline, last, ct).ConfigureAwait(false)
                : 0,
            ct).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<DeadLetterRecord>> ListAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct) =>
        await database.RunAsync(
            connection => connection.RowsAsync(
                LetterOf,
                $"""
                select id, delivery_id, stage, reason, message, split, position_offset, generation, sequence, failed_at, replayed_at, raw
                from dataflow.dead_letter {Where} order by id limit $8
                """,
                [.. Parameters(pipeline, filter), (long)filter.Limit], ct),
            ct).ConfigureAwait(false);

    public async ValueTask<IReadOnlyDictionary<string, long>> CountAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct)
    {
        var counts = await database.RunAsync(
            connection => connection.RowsAsync(
                row => KeyValuePair.Create(row.Text(0), row.GetInt64(1)),
                $"select reason, count(*) from dataflow.dead_letter {Where} group by reason",
                Parameters(pipeline, filter), ct),
            ct).ConfigureAwait(false);
        return counts.ToDictionary();
    }

    public async ValueTask<long> DeleteAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct) =>
        await database.WriteAsync(
            connection => connection.ExecuteAsync($"delete from dataflow.dead_letter {Where}", Parameters(pipeline, filter), ct), ct)
            .ConfigureAwait(false);

    public async ValueTask<long> MarkReplayedAsync(string pipeline, IReadOnlyCollection<long> ids, CancellationToken ct) =>
        ids.Count == 0
            ? 0
            : await database.WriteAsync(
                connection => connection.ExecuteAsync(
                    """
                    update dataflow.dead_letter set replayed_at = $3 where pipeline = $1 and replayed_at is null and id = any($2)
                    """,
                    [pipeline, ids.ToArray(), time.GetUtcNow()], ct),
                ct).ConfigureAwait(false);

    private static async Task<bool> IsOfCurrentRunAsync(
        NpgsqlConnection connection, string pipeline, CommitStamp stamp, CancellationToken ct) =>
        await PostgresPipelines.LockAsync(connection, pipeline, ct).ConfigureAwait(false) is { } stored
        && (stored.Generation, stored.Epoch) == (stamp.Generation, stamp.Epoch);

    /// <summary>Cuts the errors into pieces for one statement each. None holds a letter twice: a statement changes a row once.</summary>
    private static IEnumerable<IReadOnlyCollection<RecordError>> Pages(IReadOnlyList<RecordError> errors)
    {
        var page = new Dictionary<(Guid, string), RecordError>();
        var bytes = 0L;
        foreach (var error in errors)
        {
            if (page.Count == MostLetters || bytes > MostBytes || page.ContainsKey((error.DeliveryId, error.Stage)))
            {
                yield return page.Values;
                page.Clear();
                bytes = 0;
            }

            page.Add((error.DeliveryId, error.Stage), error);
            bytes += error.Raw.Length;
        }

        yield return page.Values;
    }

    private Task<int> InsertAsync(
        NpgsqlConnection connection, string pipeline, CommitStamp commit, IReadOnlyCollection<RecordError> errors, CancellationToken ct) =>
        connection.ExecuteAsync(
            """
            insert into dataflow.dead_letter(
              pipeline, generation, sequence, failed_at, delivery_id, stage, reason, message, split, position_offset, raw)
            select $1, $2, $3, $4, delivery_id, stage, reason, message, split, position_offset, raw
            from unnest($5, $6, $7, $8, $9, $10, $11) with ordinality
              as failed(delivery_id, stage, reason, message, split, position_offset, raw, place)
            order by place
            on conflict (pipeline, delivery_id, stage) do update set
              reason = excluded.reason, message = excluded.message, split = excluded.split,
              position_offset = excluded.position_offset, failed_at = excluded.failed_at, raw = excluded.raw, replayed_at = null
            """,
            [
                pipeline, commit.Generation, commit.Sequence, time.GetUtcNow(),
                Column(errors, error => error.DeliveryId), Column(errors, error => error.Stage), Column(errors, error => error.Reason),
                Column(errors, error => error.Message), Column(errors, error => error.Split), Column(errors, error => error.Offset),
                Column(errors, error => error.Raw),
            ],
            ct);

    private static T[] Column<T>(IReadOnlyCollection<RecordError> errors, Func<RecordError, T> value) => [.. errors.Select(value)];

    private static object?[] Parameters(string pipeline, DeadLetterFilter filter) =>
    [
        pipeline,
        filter.After,
        filter.Status switch { DeadLetterStatus.Open => false, DeadLetterStatus.Replayed => true, _ => null },
        filter.Reason,
        filter.Stage,
        filter.Split,
        filter.Ids?.ToArray(),
    ];

    private static DeadLetterRecord LetterOf(NpgsqlDataReader row) => new(
        row.GetInt64(0),
        new RecordError(
            row.GetGuid(1),
            row.Text(2),
            row.Text(3),
            row.Text(4),
            row.GetFieldValue<byte[]>(11),
            row.Text(5),
            row.GetInt64(6)),
        row.GetInt64(7),
        row.GetInt64(8),
        row.Moment(9),
        row.IsDBNull(10) ? null : row.Moment(10));
}
