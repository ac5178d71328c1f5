using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using DataFlow.Conformance;
using Npgsql;

namespace DataFlow.IntegrationTests.Cluster;

/// <summary>
/// Three processes of <c>dataflow serve</c> with their state in PostgreSQL, and pipelines whose records go into tables of the same
/// database, numbered, with the time at which each row was written.
/// </summary>
internal sealed class ServiceCluster : IAsyncDisposable
{
    public const int Nodes = 3;

    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private readonly TemporaryFolder _folder = new();
    private readonly PostgreSqlDatabase _database;
    private readonly int[] _apiPorts = FreePorts.Take(Nodes);
    private readonly int[] _clusterPorts = FreePorts.Take(Nodes);
    private readonly Process?[] _processes = new Process?[Nodes];
    private readonly StringBuilder[] _logs = [new(), new(), new()];
    private readonly Process _reaper = StartReaper();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };

    private readonly string[] _more;

    private ServiceCluster(PostgreSqlDatabase database, int serverPort, string[] more)
    {
        _database = database;
        _more = more;
        StateLink = new TcpFaultProxy(serverPort);
    }

    /// <summary>Between the nodes and the database with their state.</summary>
    public TcpFaultProxy StateLink { get; }

    /// <summary>The pipelines that were added.</summary>
    public List<string> Pipelines { get; } = [];

    public PostgreSqlDatabase Database => _database;

    /// <summary>The folder that relative paths of pipelines start in.</summary>
    public string Folder => _folder.Path;

    /// <summary>Starts the nodes, side by side, and waits until all are members.</summary>
    /// <param name="more">Options that each of them gets besides.</param>
    public static async Task<ServiceCluster> StartAsync(params string[] more)
    {
        var server = await PostgreSqlServer.GetAsync();
        var cluster = new ServiceCluster(await server.CreateDatabaseAsync(), server.Port, more);
        try
        {
            for (var number = 0; number < Nodes; number++)
            {
                cluster.Start(number);
            }

            await cluster.AllUpAsync(Nodes);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node, or starts it again.</summary>
    public void Start(int number)
    {
        var process = _processes[number] = Cli.Start(
            _folder.Path,
            Arguments($"node{number}", _apiPorts[number], _clusterPorts[number]),
            new Dictionary<string, string> { ["DATAFLOW_DB_PASS"] = PostgreSqlServer.Password });
        _reaper.StandardInput.WriteLine(process.Id);
        var log = _logs[number];
        process.OutputDataReceived += (_, line) => Keep(log, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(log, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Runs one more process under the name of a node, to its end.</summary>
    public Task<CliResult> RunTwinAsync(int number)
    {
        var ports = FreePorts.Take(2);
        return Cli.RunAsync(_folder.Path, Arguments($"node{number}", ports[0], ports[1], state: "twin"));
    }

    /// <summary>Adds pipelines to a node and starts them.</summary>
    public async Task AddAsync(int count, int recordsPerSecond)
    {
        for (var number = Pipelines.Count + 1; number <= count; number++)
        {
            var name = $"p{number}";
            await _database.ExecuteAsync($"CREATE TABLE {name}(sequence bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())");
            await AddAsync(
                name,
                $$"""
                name: {{name}}
                source:
                  type: test
                  options: { records-per-second: {{recordsPerSecond}}, audit: true }
                  batch-size: 20
                sink:
                  type: database
                  connection: {{_database.JdbcUrl}}
                  options: { username: postgres, password: "${env:DATAFLOW_DB_PASS}", table: {{name}}, on-unknown-field: ignore }
                delivery: effectively-once
                commit-interval: 100ms
                max-latency: 50ms
                """,
                number % Nodes);
            Pipelines.Add(name);
        }
    }

    /// <summary>Adds a pipeline and starts it.</summary>
    public async Task AddAsync(string name, string definition, int node = 0)
    {
        using var body = new StringContent(definition, Encoding.UTF8, "application/yaml");
        await PostAsync(0, "pipelines", body);
        await CommandAsync(node, name, "start");
    }

    /// <summary>Posts something to a node; again where it is told to, as while a pipeline moves.</summary>
    public async Task PostAsync(int node, string path, HttpContent? content) => await Eventually.IsAsync(async () =>
    {
        using var answer = await _http.PostAsync(Url(node, path), content);
        var said = $"{path} at node{node}: {await answer.Content.ReadAsStringAsync()}";
        Assert.True(answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.ServiceUnavailable, said);
        return (answer.IsSuccessStatusCode, said);
    });

    /// <summary>What a node answers to a request, whatever that is.</summary>
    public async Task<HttpResponseMessage> SendAsync(int node, HttpMethod method, string path, string? header = null, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, Url(node, path)) { Content = content };
        if (header is not null)
        {
            request.Headers.Add(header, "1");
        }

        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The text of a node's answer.</summary>
    public Task<string> ReadAsync(int node, string path) => _http.GetStringAsync(Url(node, path));

    /// <summary>Sends a command to a node, whether or not it has the pipeline.</summary>
    public Task CommandAsync(int node, string pipeline, string command) => PostAsync(node, $"pipelines/{pipeline}/{command}", content: null);

    /// <summary>The status code of a node's answer.</summary>
    public async Task<HttpStatusCode> StatusOfAsync(int node, string path)
    {
        using var answer = await _http.GetAsync(Url(node, path));
        return answer.StatusCode;
    }

    /// <summary>What a node answers.</summary>
    public async Task<JsonElement> GetAsync(int node, string path) => await _http.GetFromJsonAsync<JsonElement>(Url(node, path));

    /// <summary>The numbers of the nodes that are members, in the eyes of one that can be reached.</summary>
    public async Task AllUpAsync(int count) => await Eventually.IsAsync(async () =>
    {
        foreach (var number in Enumerable.Range(0, Nodes).Where(number => _processes[number] is { HasExited: false }))
        {
            try
            {
                var nodes = await GetAsync(number, "nodes");
                if (nodes.GetProperty("items").EnumerateArray().Count(node => node.GetProperty("membership").GetString() == "up") != count)
                {
                    return (false, $"node{number} sees {nodes}\n{Logs}");
                }
            }
            catch (HttpRequestException failure)
            {
                return (false, $"node{number}: {failure.Message}\n{Logs}");
            }
        }

        return (true, "");
    });

    /// <summary>The number of the node that runs most of the pipelines.</summary>
    public async Task<(int Node, IReadOnlyList<string> Pipelines)> BusiestAsync(int except = -1)
    {
        var owners = new List<(int Node, string Pipeline)>();
        foreach (var name in Pipelines)
        {
            var pipeline = await GetAsync(Enumerable.Range(0, Nodes).First(number => number != except && IsAlive(number)), $"pipelines/{name}");
            if (pipeline.TryGetProperty("run", out var run) && run.TryGetProperty("node", out var node))
            {
                owners.Add((node.GetString()![^1] - '0', name));
            }
        }

        var busiest = owners.Where(owner => owner.Node != except).GroupBy(owner => owner.Node).MaxBy(group => group.Count())!;
        return (busiest.Key, [.. busiest.Select(owner => owner.Pipeline)]);
    }

    /// <summary>Waits until every pipeline has written rows after a moment of the database's clock.</summary>
    /// <returns>How long after that moment the last pipeline wrote again.</returns>
    public async Task<TimeSpan> AllWriteAfterAsync(string moment)
    {
        await Eventually.IsAsync(async () =>
        {
            foreach (var name in Pipelines)
            {
                if (await _database.RowsAsync($"SELECT 1 FROM {name} WHERE at > '{moment}' LIMIT 1") is [])
                {
                    return (false, $"{name} has not written\n{Logs}");
                }
            }

            return (true, "");
        });
        var first = new List<double>();
        foreach (var name in Pipelines)
        {
            first.Add(double.Parse((await _database.RowsAsync($"SELECT extract(epoch FROM min(at) - '{moment}') FROM {name} WHERE at > '{moment}'"))[0], CultureInfo.InvariantCulture));
        }

        return TimeSpan.FromSeconds(first.Max());
    }

    /// <summary>Longest time in which a pipeline wrote nothing.</summary>
    public async Task<TimeSpan> LongestGapAsync(string pipeline) => TimeSpan.FromSeconds(double.Parse(
        (await _database.RowsAsync($"SELECT coalesce(max(extract(epoch FROM gap)), 0) FROM (SELECT at - lag(at) OVER (ORDER BY at) AS gap FROM {pipeline}) gaps"))[0],
        CultureInfo.InvariantCulture));

    /// <summary>The database's clock.</summary>
    public async Task<string> NowAsync() => (await _database.RowsAsync("SELECT clock_timestamp()"))[0];

    /// <summary>The process dies at once.</summary>
    public async Task KillAsync(int number)
    {
        Signal(number, SigKill);
        await _processes[number]!.WaitForExitAsync();
    }

    /// <summary>The process is asked to end, and does.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> TerminateAsync(int number)
    {
        Signal(number, SigTerm);
        return await ExitAsync(number);
    }

    /// <summary>Waits until the process ends by itself.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> ExitAsync(int number)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await _processes[number]!.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"node{number} does not end: {LogOf(number)}");
        }

        return _processes[number]!.ExitCode;
    }

    public void Freeze(int number) => Signal(number, SigStop);

    public void Thaw(int number) => Signal(number, SigCont);

    /// <summary>Stops all pipelines; each table holds the records 1 to n, each once, and the counters say n.</summary>
    public async Task AuditAsync(int node)
    {
        foreach (var name in Pipelines)
        {
            await CommandAsync(node, name, "stop");
            var delivered = (await GetAsync(node, $"pipelines/{name}/state")).GetProperty("counters").GetProperty("delivered").GetInt64();
            Assert.Equal($"{delivered}|{delivered}|{delivered}", (await _database.RowsAsync($"SELECT count(*), count(DISTINCT sequence), coalesce(max(sequence), 0) FROM {name}"))[0]);
        }
    }

    public string LogOf(int number)
    {
        lock (_logs[number])
        {
            return $"-- node{number}\n{_logs[number]}";
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var number = 0; number < Nodes; number++)
        {
            if (IsAlive(number))
            {
                await KillAsync(number);
            }

            _processes[number]?.Dispose();
        }

        _reaper.Dispose();
        await StateLink.DisposeAsync();
        _http.Dispose();
        await _database.DisposeAsync();
        _folder.Dispose();
    }

    private IEnumerable<string> Arguments(string node, int apiPort, int clusterPort, string? state = null) =>
    [
        "serve", "--node", node, "--state", _folder[state ?? node], "--root", _folder.Path, "--listen", $"http://127.0.0.1:{apiPort}",
        "--database", new NpgsqlConnectionStringBuilder(_database.PooledConnectionString) { Port = StateLink.Port }.ConnectionString,
        "--cluster-port", $"{clusterPort}", "--nodes", $"{Nodes}",
        .. _clusterPorts.SelectMany(port => (string[])["--seed", $"127.0.0.1:{port}"]),
        .. _more,
    ];

    private string Logs => string.Join('\n', Enumerable.Range(0, Nodes).Select(LogOf));

    private bool IsAlive(int number) => _processes[number] is { HasExited: false };

    private Uri Url(int node, string path) => new($"http://127.0.0.1:{_apiPorts[node]}/{path}");

    private void Signal(int number, int signal) => Assert.Equal(0, Kill(_processes[number]!.Id, signal));

    /// <summary>A shell that outlives a test run that is killed, and takes the nodes with it: it ends at the end of its input.</summary>
    private static Process StartReaper() => Process.Start(new ProcessStartInfo(
        "sh", ["-c", "while read -r node; do nodes=\"$nodes $node\"; done; kill -9 $nodes 2> /dev/null"])
    {
        RedirectStandardInput = true,
    })!;

    private static void Keep(StringBuilder log, string? line)
    {
        lock (log)
        {
            log.AppendLine(line);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
