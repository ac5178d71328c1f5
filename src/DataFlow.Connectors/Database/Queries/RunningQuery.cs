using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>A query with its connection, from its start to its end. Not thread-safe.</summary>
internal sealed class RunningQuery : IAsyncDisposable
{
    private const int ManyRows = 1000;

    // A server that sends many rows does it in small packets. Asking for each of them as it comes costs more time than reading
    // it: a moment later there are many of them, and the server has not been kept waiting.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(2);

    private readonly DatabaseAddress _address;
    private readonly DbConnection _connection;
    private readonly IRowReader _rows;
    private readonly string _sql;
    private readonly Action _onError;
    private bool _ended;
    private long _read;

    private RunningQuery(DatabaseAddress address, DbConnection connection, IRowReader rows, string sql, Action onError)
    {
        _onError = onError;
        _address = address;
        _connection = connection;
        _rows = rows;
        _sql = sql;
    }

    /// <summary>The current row.</summary>
    public IRowReader Rows => _rows;

    /// <summary>Starts a query. The connection is taken over.</summary>
    /// <param name="address">Where.</param>
    /// <param name="connection">Open.</param>
    /// <param name="sql">What.</param>
    /// <param name="shape">Its columns.</param>
    /// <param name="limits">How long it may take.</param>
    /// <param name="onError">Called when it fails, before the failure is thrown.</param>
    /// <param name="ct">A stop.</param>
    public static async Task<RunningQuery> StartAsync(
        DatabaseAddress address, DbConnection connection, SqlText sql, QueryShape shape, QueryLimits limits, Action onError,
        CancellationToken ct)
    {
        var text = address.Dialect is PostgreSqlDialect
            ? $"COPY (\n{sql.ToLiteral()}\n)"
            : sql.With(index => address.Dialect.Placeholder(index + 1));
        try
        {
            var rows = await address.Dialect.ReadAsync(connection, sql, shape, limits, ct).ConfigureAwait(false);
            return new RunningQuery(address, connection, rows, text, onError);
        }
        catch (Exception failure)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (IsStop(failure, ct))
            {
                throw new OperationCanceledException(failure.Message, failure, ct);
            }

            onError();
            throw DatabaseFault.OfStatement(failure, address, text);
        }
    }

    /// <summary>Goes to the next row; false at the end and after a stop.</summary>
    public ValueTask<bool> ReadAsync(CancellationToken stop)
    {
        try
        {
            var read = _rows.ReadAsync(stop);
            if (!read.IsCompletedSuccessfully)
            {
                return AwaitAsync(read, stop);
            }

            _ended = !read.Result;
            _read++;
            return ValueTask.FromResult(read.Result);
        }
        catch (Exception failure)
        {
            return IsStop(failure, stop) ? ValueTask.FromResult(false) : throw Judge(failure);
        }
    }

    /// <summary>Ends the query, on the server too where it has not come to its end, and gives the connection back.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_ended)
            {
                await _rows.CancelAsync().ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is DbException or InvalidOperationException or IOException or OperationCanceledException)
        {
            // The connection is gone: there is nothing left to end.
        }

        await _rows.DisposeAsync().ConfigureAwait(false);
        try
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is DbException or IOException)
        {
            // It broke after the last row had come: the next query will find out whether the server is there.
        }
    }

    /// <summary>Some providers call the end that a stop brings an error of the statement.</summary>
    private static bool IsStop(Exception failure, CancellationToken stop) =>
        failure is OperationCanceledException or DbException && stop.IsCancellationRequested;

    private async ValueTask<bool> AwaitAsync(ValueTask<bool> read, CancellationToken stop)
    {
        try
        {
            var isThere = await read.ConfigureAwait(false);
            _ended = !isThere;
            if (isThere && ++_read > ManyRows)
            {
                await Task.Delay(Gathering, TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return isThere;
        }
        catch (Exception failure)
        {
            return IsStop(failure, stop) ? false : throw Judge(failure);
        }
    }

    private ConnectorException Judge(Exception failure)
    {
        _ended = true;
        _onError();
        return failure is ConnectorException known ? known : DatabaseFault.OfStatement(failure, _address, _sql);
    }
}
