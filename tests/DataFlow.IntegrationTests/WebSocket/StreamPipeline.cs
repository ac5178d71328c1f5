using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace DataFlow.IntegrationTests;

/// <summary>A pipeline from a WebSocket into a file, run by the built command.</summary>
internal sealed class StreamPipeline : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private Process? _process;
    private Task<CliResult>? _result;

    /// <param name="address">Where the server is.</param>
    /// <param name="options">More lines of options.</param>
    public StreamPipeline(string address, params string[] options) => _folder.Write(
        "stream.yaml",
        $$"""
        name: stream
        source:
          type: websocket
          connection: "{{address}}"
          batch-size: 100
          options:
            reconnect-min-backoff: 100ms
            reconnect-max-backoff: 500ms
            heartbeat-interval: 500ms
            heartbeat-timeout: 500ms
            connect-timeout: 2
            sequence-path: number
        {{string.Join('\n', options.Select(option => "    " + option))}}
        sink: { type: file, connection: out.ndjson, options: { format: json } }
        commit-interval: 50ms
        """);

    public string Folder => _folder.Path;

    /// <summary>Numbers in the output, in order. The last line may still be in the making.</summary>
    public IReadOnlyList<long> Numbers
    {
        get
        {
            if (!File.Exists(_folder["out.ndjson"]))
            {
                return [];
            }

            using var file = new FileStream(_folder["out.ndjson"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file);
            var text = reader.ReadToEnd();
            var numbers = new List<long>();
            foreach (var line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var record = JsonDocument.Parse(line);
                numbers.Add(record.RootElement.GetProperty("number").GetInt64());
            }

            return numbers;
        }
    }

    public bool HasEnded => _process!.HasExited;

    public void Start()
    {
        _process = Cli.Start(_folder.Path, ["run", "stream.yaml"]);
        _result = FinishAsync(_process);
    }

    /// <summary>Waits for the output, as long as the command runs.</summary>
    public Task UntilAsync(Func<IReadOnlyList<long>, bool> condition) => EventuallyAsync(() => condition(Numbers) || HasEnded);

    /// <summary>Kills the command, as nothing can be held against.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _result!;
    }

    /// <summary>Asks the command to stop, unless it has ended by itself, and waits until it has.</summary>
    public async Task<CliResult> StopAsync()
    {
        if (!HasEnded)
        {
            using var terminate = Process.Start("kill", ["-TERM", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
            await terminate.WaitForExitAsync();
        }

        return await _result!;
    }

    /// <summary>The gap ledger.</summary>
    public async Task<IReadOnlyList<SourceGap>> GapsAsync()
    {
        var result = await Cli.RunAsync(_folder.Path, "state", "gaps", "stream.yaml", "--json");
        result.Succeeded();
        return [.. result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(SourceGap.Parse)];
    }

    /// <summary>Checks that output and ledger together have each number from the first to the last that arrived.</summary>
    public async Task AccountForAllAsync()
    {
        var known = Numbers.ToHashSet();
        Assert.Equal(known.Count, Numbers.Count);
        var (first, last) = (known.Min(), known.Max());
        var gaps = await GapsAsync();
        foreach (var gap in gaps.Where(gap => gap.Missing > 0))
        {
            Assert.Equal(gap.Missing, gap.Next - gap.Last - 1);
            for (var number = gap.Last!.Value + 1; number < gap.Next; number++)
            {
                known.Add(number);
            }
        }

        for (var number = first; number <= last; number++)
        {
            Assert.True(known.Contains(number), $"{number} is neither in the output nor in the ledger:\n{string.Join('\n', gaps)}");
        }
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
        _folder.Dispose();
    }

    public static async Task EventuallyAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
        }
    }

    private static async Task<CliResult> FinishAsync(Process process)
    {
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new CliResult(process.ExitCode, await output, await error);
    }
}
