using DataFlow.Engine.State;
using Microsoft.Data.Sqlite;

namespace DataFlow.UnitTests.State;

public sealed class SqliteWriterTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteDatabase _database;
    private readonly SqliteWriter _writer;

    public SqliteWriterTests()
    {
        _database = new SqliteDatabase(_folder.File("state.db"));
        var connection = _database.Open();
        connection.Execute("create table seen(x integer primary key)");
        _writer = new SqliteWriter(_database, connection);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Writes_that_wait_at_the_same_time_share_a_transaction()
    {
        var countedByOthers = -1L;
        var writes = await WhileTheWriterIsBusyAsync(() =>
        [
            WriteAsync(1),
            WriteAsync(2),
            _writer.WriteAsync<long>(
                connection =>
                {
                    countedByOthers = Count();
                    return connection.Scalar<long>("select count(*) from seen");
                },
                Ct).AsTask(),
        ]);

        var results = await Task.WhenAll(writes);
        Assert.Equal([1, 1, 2], results);
        Assert.Equal(0, countedByOthers);
        Assert.Equal(2, Count());
    }

    [Fact]
    public async Task A_write_that_fails_takes_none_of_its_neighbours_with_it()
    {
        var writes = await WhileTheWriterIsBusyAsync(() => [WriteAsync(1), WriteAsync(1), WriteAsync(2)]);

        Assert.Equal(1, await writes[0]);
        Assert.Equal(FaultOwner.Internal, (await Assert.ThrowsAsync<ConnectorException>(() => writes[1])).Owner);
        Assert.Equal(1, await writes[2]);
        Assert.Equal(2, Count());
    }

    [Fact]
    public async Task After_a_failure_the_next_write_has_a_new_connection()
    {
        SqliteConnection? broken = null;
        await Assert.ThrowsAsync<ConnectorException>(async () => await _writer.WriteAsync<int>(
            connection =>
            {
                broken = connection;
                throw new SqliteException("SQLite Error 10: 'disk I/O error'.", 10);
            },
            Ct));

        Assert.NotSame(broken, await _writer.WriteAsync(connection => connection, Ct));
    }

    [Fact]
    public async Task Who_gives_up_waiting_does_not_stop_the_write()
    {
        using var impatient = new CancellationTokenSource();
        var writes = await WhileTheWriterIsBusyAsync(() =>
        {
            var write = _writer.WriteAsync<long>(connection => connection.Execute("insert into seen values (1)"), impatient.Token).AsTask();
            impatient.Cancel();
            return [write, WriteAsync(2)];
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writes[0]);
        await writes[1];
        Assert.Equal(2, Count());
    }

    [Fact]
    public async Task Closing_ends_the_writes_that_wait()
    {
        var closing = Task.CompletedTask;
        var writes = await WhileTheWriterIsBusyAsync(() =>
        {
            Task<long>[] waiting = [WriteAsync(1), WriteAsync(2)];
            closing = _writer.DisposeAsync().AsTask();
            return waiting;
        });

        await closing;
        Assert.All(writes, write => Assert.True(write.IsCompletedSuccessfully));
    }

    private async Task<Task<long>[]> WhileTheWriterIsBusyAsync(Func<Task<long>[]> enqueue)
    {
        using var isBusy = new SemaphoreSlim(0);
        using var goOn = new ManualResetEventSlim();
        var busy = _writer.WriteAsync(
            _ =>
            {
                isBusy.Release();
                goOn.Wait(Ct);
                return 0;
            },
            Ct).AsTask();
        await isBusy.WaitAsync(Ct);
        var writes = enqueue();
        goOn.Set();
        await busy;
        return writes;
    }

    private Task<long> WriteAsync(long value) =>
        _writer.WriteAsync<long>(connection => connection.Execute("insert into seen values (?1)", value), Ct).AsTask();

    private long Count()
    {
        using var connection = _database.Open();
        return connection.Scalar<long>("select count(*) from seen");
    }
}
