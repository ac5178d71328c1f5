using Npgsql;

namespace DataFlow.Conformance;

/// <summary>A PostgreSQL of one test's own, which dies and comes back as the test wants.</summary>
public sealed class RestartablePostgreSql : IAsyncDisposable
{
    private readonly string _data = Path.Combine(Path.GetTempPath(), $"dataflow-postgresql-{Guid.NewGuid():N}");
    private readonly NpgsqlConnectionStringBuilder _superuser = PostgreSqlServer.Superuser(TcpFaultProxy.UnusedPort());
    private PrivateServer? _server;

    private RestartablePostgreSql()
    {
    }

    /// <summary>Where it listens, also after a restart.</summary>
    public int Port => _superuser.Port;

    /// <summary>Of the superuser, without a pool.</summary>
    public string ConnectionString => _superuser.ConnectionString;

    /// <summary>Starts one; skips or fails the test when PostgreSQL is not installed.</summary>
    public static async Task<RestartablePostgreSql> StartAsync()
    {
        PostgreSqlServer.RequirePrograms();
        var server = new RestartablePostgreSql();
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Ends it as a crash does: nobody is told, and it recovers from its log when it is started again.</summary>
    public void Stop()
    {
        _server?.Dispose();
        _server = null;
    }

    /// <summary>Starts it on the same data and port.</summary>
    public async Task StartAgainAsync()
    {
        _server = PostgreSqlServer.Launch(_data, Port);
        await _server.WaitAsync(async () =>
        {
            await using var connection = new NpgsqlConnection(ConnectionString);
            await connection.OpenAsync();
        });
    }

    /// <summary>Ends it and removes its data.</summary>
    public ValueTask DisposeAsync()
    {
        Stop();
        if (Directory.Exists(_data))
        {
            Directory.Delete(_data, recursive: true);
        }

        return ValueTask.CompletedTask;
    }
}
