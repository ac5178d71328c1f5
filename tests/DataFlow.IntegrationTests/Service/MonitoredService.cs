using System.Net;
using DataFlow.Conformance;
using DataFlow.KafkaBroker;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A service with a pipeline of every kind of source, and all that they read from.</summary>
public sealed class MonitoredService : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _sinkOpens = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _connections;
    private TestKafka _kafka = null!;
    private WebSocketServer _stream = null!;
    private TestApi _api = null!;
    private TestApi _slow = null!;
    private RunningService _service = null!;

    internal RunningService Service => _service;

    /// <summary>Lets the sink of the pipeline <c>slow</c> take what it gets.</summary>
    public void OpenSink() => _sinkOpens.TrySetResult();

    public async ValueTask InitializeAsync()
    {
        _kafka = await TestKafka.StartAsync();
        var topic = await Kafka.KafkaTopic.CreateAsync(_kafka);
        topic.WriteTo(0, ["""{"n":1}""", """{"n":2}""", "no json"]);
        _stream = await WebSocketServer.StartAsync(async connection =>
        {
            await connection.SendAsync($$"""{"n":1,"at":{{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}}}""");
            await connection.SendAsync("no json");
            if (Interlocked.Increment(ref _connections) > 1)
            {
                // The first one breaks off, so that there is a reconnection to count.
                await connection.UntilClosedAsync();
            }
        });
        _api = await TestApi.StartAsync((context, number) => number switch
        {
            1 => context.JsonAsync("{}", status: (int)HttpStatusCode.ServiceUnavailable),
            2 => context.JsonAsync("""{"data": [{"id":"""),
            _ => context.JsonAsync("""{"data": [{"id": 1}, {"id": 2}]}"""),
        });
        _slow = await TestApi.StartAsync(async (context, _) =>
        {
            await _sinkOpens.Task;
            context.Response.StatusCode = StatusCodes.Status200OK;
        });
        MakeDatabase(_folder["app.db"]);
        _folder.Write("in.csv", "id,name\n1,Ann\n2\n3,Cid\n4,Dan\n");

        _service = await RunningService.StartAsync(_folder);
        await AddAsync("csv", "type: file, connection: in.csv, options: { mode: tail }");
        await AddAsync("api", $"type: api, connection: '{_api.Address}items', poll-interval-ms: 50");
        await AddAsync("stream", $"type: websocket, connection: '{_stream.Address}', options: {{ timestamp-path: at }}");
        await AddAsync("database", "type: database, connection: 'jdbc:sqlite:app.db', poll-interval-ms: 50, "
            + "options: { query: 'SELECT id, changed FROM app WHERE changed > ? ORDER BY changed', incremental-column: changed }");
        await AddAsync("broken", "type: database, connection: 'jdbc:sqlite:app.db', options: { query: SELECT id FROM app WHERE no_such_column = 1 }");
        await AddAsync("topic", $"type: kafka, connection: '{_kafka.Address}', options: {{ topic: {topic.Name}, group-id: {topic.Group}, session-timeout: 6s }}");
        await AddAsync("unreachable", $"type: api, connection: 'http://127.0.0.1:{Cluster.FreePorts.Take(1)[0]}/', poll-interval-ms: 50");
        await AddAsync("slow", "type: test, batch-size: 10, options: { records-per-second: 1000 }", $"type: http, connection: '{_slow.Address}'", "commit-interval: 50ms");
    }

    public async ValueTask DisposeAsync()
    {
        OpenSink();
        await _service.DisposeAsync();
        await _slow.DisposeAsync();
        await _api.DisposeAsync();
        await _stream.DisposeAsync();
        await _kafka.DisposeAsync();
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    /// <summary>Asks until something holds.</summary>
    internal async Task<Scrape> ScrapeAsync(Func<Scrape, bool> holds) => new(await _service.MetricsAsync(text => holds(new Scrape(text))));

    private Task AddAsync(string name, string source, string sink = "type: 'null'", string more = "until: forever") =>
        _service.AddAsync($"{{ name: {name}, source: {{ {source} }}, sink: {{ {sink} }}, {more} }}");

    private static void MakeDatabase(string file)
    {
        using var connection = new SqliteConnection($"Data Source={file}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE app (id INTEGER, changed TEXT); INSERT INTO app VALUES (1, '2024-01-01T00:00:00Z'), (2, '2024-01-02T00:00:00Z')";
        command.ExecuteNonQuery();
    }
}
