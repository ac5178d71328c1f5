using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace DataFlow.Engine.State;

/// <summary>
/// Runs all writes on one connection, one after the other. Writes that wait at the same time, those of many pipelines for
/// instance, share a transaction and so one flush of the disk.
/// </summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private readonly SqliteDatabase _database;

    // Each pipeline has at most one write waiting, so that the number of pipelines bounds it.
    private readonly Channel<Work> _waiting = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });

    private readonly Task _loop;
    private SqliteConnection? _connection;

    /// <param name="database">The database.</param>
    /// <param name="connection">Its first connection; a broken one is replaced.</param>
    public SqliteWriter(SqliteDatabase database, SqliteConnection connection)
    {
        _database = database;
        _connection = connection;
        _loop = RunAsync();
    }

    /// <summary>Runs a write in a transaction of its own or a shared one; it is durable when the task ends.</summary>
    /// <param name="write">May run twice: when another write of its transaction fails, all are tried again one by one.</param>
    /// <param name="ct">Gives up waiting, not the write.</param>
    public async ValueTask<T> WriteAsync<T>(Func<SqliteConnection, T> write, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var work = new Work<T>(write);
        if (!_waiting.Writer.TryWrite(work))
        {
            throw new ObjectDisposedException(nameof(IStateStore), "The state store is closed.");
        }

        return await work.Task.WaitAsync(ct).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
        _connection?.Dispose();
    }

    private async Task RunAsync()
    {
        var group = new List<Work>();
        while (await _waiting.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            while (_waiting.Reader.TryRead(out var work))
            {
                group.Add(work);
            }

            RunTogether(group);
            group.Clear();
        }
    }

    private void RunTogether(IReadOnlyList<Work> group)
    {
        try
        {
            _connection ??= _database.Open();
            using var transaction = _connection.BeginTransaction(deferred: false);
            if (!TryRunAll(group, _connection))
            {
                transaction.Rollback();
                foreach (var work in group)
                {
                    RunTogether([work]);
                }

                return;
            }

            transaction.Commit();
        }
        catch (Exception e)
        {
            // Whether a failed flush has reached the disk is unknown to the file cache: only a new connection reads it again.
            _connection?.Dispose();
            _connection = null;
            Fail(group, e);
            return;
        }

        foreach (var work in group)
        {
            work.Complete();
        }
    }

    /// <summary>Returns false when a write of several failed, so that it is not known to be alone at fault.</summary>
    private static bool TryRunAll(IReadOnlyList<Work> group, SqliteConnection connection)
    {
        try
        {
            foreach (var work in group)
            {
                work.Run(connection);
            }

            return true;
        }
        catch (Exception) when (group.Count > 1)
        {
            return false;
        }
    }

    private void Fail(IReadOnlyList<Work> group, Exception error)
    {
        var explained = error is SqliteException sqlite ? SqliteFaults.Explain(_database.Path, sqlite) : error;
        foreach (var work in group)
        {
            work.Fail(explained);
        }
    }

    private abstract class Work
    {
        public abstract void Run(SqliteConnection connection);

        public abstract void Complete();

        public abstract void Fail(Exception error);
    }

    private sealed class Work<T>(Func<SqliteConnection, T> write) : Work
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Task => _done.Task;

        public override void Run(SqliteConnection connection) => _result = write(connection);

        public override void Complete() => _done.SetResult(_result);

        public override void Fail(Exception error) => _done.SetException(error);
    }
}
