using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DataFlow.Conformance;
using DataFlow.Engine.State;
using Microsoft.Data.Sqlite;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A service in a process of its own with many pipelines that read files and a database, all at once.</summary>
public sealed class ManyPipelinesTests : IDisposable
{
    private const int RowsBefore = 20;
    private const int RowsLater = 5;

    private const int Many = 1000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_of_many_pipelines_delivers_all_that_was_there_and_all_that_comes_and_the_stop_is_clean()
    {
        MakeTables();
        for (var number = 0; number < Many; number++)
        {
            WriteRows(number, 1, RowsBefore);
            _folder.Write($"pipelines/p{number:0000}.yaml", Definition(number));
        }

        using var service = await ServedProcess.StartAsync(_folder.Path, ["serve", "pipelines", "--root", ".", "--listen", "http://127.0.0.1:0"]);
        using var client = new HttpClient { BaseAddress = service.Address };
        await DeliversAsync(client, RowsBefore);
        for (var number = 0; number < Many; number++)
        {
            WriteRows(number, RowsBefore + 1, RowsLater);
        }

        await DeliversAsync(client, RowsBefore + RowsLater);
        var metrics = new Scrape(await client.GetStringAsync("/metrics"));
        Assert.Equal(0, metrics["dataflow_pipeline_records_unaccounted"]);
        Assert.Equal(0, metrics["dataflow_pipeline_records_dead_lettered_total"] ?? 0);
        (await service.TerminateAsync()).Succeeded();

        await using var store = SqliteStateStore.Open(_folder[".dataflow"], TimeProvider.System);
        var states = await store.ListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Many, states.Count);
        Assert.All(states, state => Assert.Equal((RowsBefore + RowsLater, 0), (state.Checkpoint.Counters.Delivered, state.Checkpoint.Counters.Unaccounted)));
        var expected = Enumerable.Range(1, RowsBefore + RowsLater).Select(row => (long)row);
        Assert.All(
            Enumerable.Range(0, Many).Where(WritesFile),
            number => Assert.Equal(expected, File.ReadLines(_folder[$"out/p{number:0000}.ndjson"]).Select(line => long.Parse(JsonNode.Parse(line)!["id"]!.ToString()))));
    }

    private static bool ReadsTable(int number) => number % 10 == 9;

    private static bool WritesFile(int number) => number % 2 == 0;

    private static string Definition(int number)
    {
        var source = ReadsTable(number)
            ? $"type: database, connection: 'jdbc:sqlite:../app.db', poll-interval-ms: 1000, options: {{ query: 'SELECT id, name FROM t{number} WHERE id > ? ORDER BY id', incremental-column: id }}"
            : $"type: file, connection: ../in/p{number:0000}.csv, options: {{ format: csv, mode: tail }}, poll-interval-ms: 1000";
        var sink = WritesFile(number) ? $"type: file, connection: ../out/p{number:0000}.ndjson" : "type: 'null'";
        return $"{{ name: p{number:0000}, source: {{ {source} }}, sink: {{ {sink} }}, until: forever }}";
    }

    private static async Task DeliversAsync(HttpClient client, int rows) => await Eventually.IsAsync(async () =>
    {
        var metrics = new Scrape(await client.GetStringAsync("/metrics"));
        var delivered = metrics["dataflow_pipeline_records_delivered_total"];
        var pipelines = (await client.GetFromJsonAsync<JsonNode>("/pipelines?limit=1000"))!["items"]!.AsArray();
        var running = pipelines.Count(pipeline => pipeline!["state"]!.GetValue<string>() == "running");
        return (delivered >= Many * rows && running == Many, $"{delivered} delivered, {running} of {pipelines.Count} pipelines running");
    });

    private void MakeTables() => Execute(string.Concat(Enumerable.Range(0, Many).Where(ReadsTable).Select(number => $"CREATE TABLE t{number} (id INTEGER PRIMARY KEY, name TEXT);")));

    private void WriteRows(int number, int first, int count)
    {
        var rows = Enumerable.Range(first, count);
        if (ReadsTable(number))
        {
            Execute($"INSERT INTO t{number} VALUES {string.Join(',', rows.Select(row => $"({row}, 'name {row}')"))}");
            return;
        }

        var path = _folder[$"in/p{number:0000}.csv"];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.AppendAllText(path, (first == 1 ? "id,name\n" : "") + string.Concat(rows.Select(row => $"{row},name {row}\n")));
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_folder["app.db"]};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
