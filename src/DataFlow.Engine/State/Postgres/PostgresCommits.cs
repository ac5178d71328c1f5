using System.Threading.Channels;
using Npgsql;

namespace DataFlow.Engine.State;

/// <summary>
/// Stores the commits that wait at the same time, those of many pipelines, in one round trip and one transaction, and so with one
/// flush of the server's disk.
/// </summary>
/// <remarks>
/// The first statement locks the rows of all pipelines, in the order of their names, and says what stands there; each of the others
/// stores one commit if it is the next one. A commit that is too late therefore never gets to write, and a run that takes a
/// pipeline over waits for one that has begun and then sees it. Nothing is asked of the client in between: if it freezes, the server
/// finishes alone.
/// </remarks>
internal sealed class PostgresCommits : IAsyncDisposable
{
    private const string Lock =
        "select name, generation, epoch, sequence from dataflow.pipeline where name = any($1) order by name for update";

    private const string Store =
        $"""
        with moved as (
          update dataflow.pipeline set sequence = $4, records_read = $5, delivered = $6, filtered = $7, dead_lettered = $8, dropped = $9,
            deduplicated = $10, bytes_read = $11, sink_state = $12, updated = $13, fingerprint = coalesce($14, fingerprint)
          where name = $1 and generation = $2 and epoch = $3 and sequence = $4 - 1
          returning name),
        replayed as (
          update dataflow.dead_letter set replayed_at = $13 from moved
          where pipeline = moved.name and replayed_at is null and id = any($15)),
        gone as (
          delete from dataflow.split using moved where pipeline = moved.name and split_key = any($20))
        insert into dataflow.split select moved.name, split.* from moved, unnest($16, $17, $18, $19) as split {PostgresSplits.OnConflict}
        """;

    private readonly PostgresDatabase _database;
    private readonly TimeProvider _time;

    // Each pipeline has at most one commit waiting, so that the number of pipelines bounds it.
    private readonly Channel<Waiting> _waiting = Channel.CreateUnbounded<Waiting>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Task _loop;

    public PostgresCommits(PostgresDatabase database, TimeProvider time)
    {
        _database = database;
        _time = time;
        _loop = RunAsync();
    }

    /// <summary>Null when it is of the current run, but not its next commit.</summary>
    public async ValueTask<CommitOutcome?> CommitAsync(string pipeline, StateCommit commit, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var waiting = new Waiting(pipeline, commit);
        ObjectDisposedException.ThrowIf(!_waiting.Writer.TryWrite(waiting), typeof(IStateStore));
        return await waiting.Done.Task.WaitAsync(ct).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var group = new SortedDictionary<string, Waiting>(StringComparer.Ordinal);
        while (await _waiting.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            // A second commit of the same pipeline is judged by what the first one leaves behind.
            while (_waiting.Reader.TryPeek(out var next) && group.TryAdd(next.Pipeline, next))
            {
                _waiting.Reader.TryRead(out _);
            }

            await RunTogetherAsync([.. group.Values]).ConfigureAwait(false);
            group.Clear();
        }
    }

    private async Task RunTogetherAsync(Waiting[] group)
    {
        try
        {
            var stored = await _database.RunAsync(connection => StoreAsync(connection, group), CancellationToken.None)
                .ConfigureAwait(false);
            foreach (var waiting in group)
            {
                waiting.Done.SetResult(CommitRules.Compare(
                    stored.GetValueOrDefault(waiting.Pipeline), CommitStamp.Of(waiting.Commit.Checkpoint)));
            }
        }
        catch (ConnectorException failure) when (failure.Owner == FaultOwner.Internal && group.Length > 1)
        {
            // The server refuses one of them; the others are not to suffer.
            foreach (var waiting in group)
            {
                await RunTogetherAsync([waiting]).ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            foreach (var waiting in group)
            {
                waiting.Done.SetException(failure);
            }
        }
    }

    /// <summary>Returns what stood there before.</summary>
    private async Task<Dictionary<string, CommitStamp>> StoreAsync(NpgsqlConnection connection, Waiting[] group)
    {
        var now = _time.GetUtcNow();
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(Lock, [Array.ConvertAll(group, waiting => waiting.Pipeline)]);
        foreach (var (pipeline, commit) in group)
        {
            var checkpoint = commit.Checkpoint;
            var counters = checkpoint.Counters;
            var splits = new PostgresSplits(checkpoint.Splits);
            batch.Add(
                Store,
                pipeline, checkpoint.Generation, checkpoint.Epoch, checkpoint.Sequence, counters.Read, counters.Delivered,
                counters.Filtered, counters.DeadLettered, counters.Dropped, counters.Deduplicated, counters.Bytes, checkpoint.SinkState, now,
                commit.SourceFingerprint, commit.Replayed.ToArray(), splits.Keys, splits.Names, splits.Offsets, splits.Positions,
                PostgresSplits.KeysOf(checkpoint.Gone));
        }

        var stored = new Dictionary<string, CommitStamp>(StringComparer.Ordinal);
        await using var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
        while (await reader.ReadAsync().ConfigureAwait(false))
        {
            stored[reader.Text(0)] = new CommitStamp(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        }

        // An error of a later statement shows up here.
        while (await reader.NextResultAsync().ConfigureAwait(false))
        {
        }

        return stored;
    }

    private sealed record Waiting(string Pipeline, StateCommit Commit)
    {
        public TaskCompletionSource<CommitOutcome?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
