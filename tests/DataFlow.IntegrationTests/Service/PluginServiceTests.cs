using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using DataFlow.Conformance;
using Microsoft.Data.Sqlite;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A service in a process of its own that loads a database provider from a folder which it was started with.</summary>
public sealed class PluginServiceTests : IDisposable
{
    private const string Provider = "Another.Provider";

    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _plugins = new();

    public void Dispose()
    {
        _folder.Dispose();
        _plugins.Dispose();
    }

    [Fact]
    public async Task A_provider_from_an_allowed_folder_runs_and_one_from_elsewhere_is_refused()
    {
        CopyProvider();
        MakeTable();
        using var service = await ServedProcess.StartAsync(_folder.Path, ["serve", "--listen", "http://127.0.0.1:0", "--root", ".", "--plugins", _plugins.Path]);
        using var client = new HttpClient { BaseAddress = service.Address };

        using var added = await client.PostAsync("/pipelines?start=true", RunningService.Yaml(Reads("allowed", _plugins.Path)));
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync());
        await Eventually.IsAsync(async () =>
        {
            var pipeline = await client.GetStringAsync("/pipelines/allowed");
            return ((string?)JsonNode.Parse(pipeline)!["state"] == "completed", pipeline);
        });
        Assert.Equal(["a", "b"], File.ReadLines(_folder["allowed.ndjson"]).Select(line => (string)JsonNode.Parse(line)!["text"]!));

        _folder.Write($"mine/{Provider}/{Provider}.dll", "not even a library");
        using var refused = await client.PostAsync("/pipelines", RunningService.Yaml(Reads("refused", "mine")));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Contains("would be loaded and run", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        (await service.TerminateAsync()).Succeeded();
    }

    private string Reads(string name, string folder) => $$"""
        name: {{name}}
        source:
          type: database
          connection: "Data Source={{_folder["app.db"]}};Pooling=False"
          options: { driver: {{Provider}}, drivers-folder: '{{folder}}', query: SELECT * FROM e ORDER BY id }
        sink: { type: file, connection: {{name}}.ndjson }
        until: caught-up
        """;

    /// <summary>The provider of SQLite under another name, as somebody would publish it.</summary>
    private void CopyProvider()
    {
        Directory.CreateDirectory(_plugins[Provider]);
        foreach (var file in Directory.GetFiles(AppContext.BaseDirectory, "SQLitePCLRaw*.dll"))
        {
            Copy(file, Path.GetFileName(file));
        }

        Copy(Path.Combine(AppContext.BaseDirectory, "Microsoft.Data.Sqlite.dll"), $"{Provider}.dll");
        var processor = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        Copy(Path.Combine(AppContext.BaseDirectory, "runtimes", $"linux-{processor}", "native", "libe_sqlite3.so"), "libe_sqlite3.so");

        void Copy(string from, string to) => File.Copy(from, _plugins[$"{Provider}/{to}"]);
    }

    private void MakeTable()
    {
        using var connection = new SqliteConnection($"Data Source={_folder["app.db"]};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE e (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO e VALUES (1, 'a'), (2, 'b')";
        command.ExecuteNonQuery();
    }
}
