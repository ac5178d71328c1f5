using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace DataFlow.IntegrationTests.Service;

/// <summary><c>dataflow serve</c> in a process of its own; killed when it is left behind.</summary>
internal sealed partial class ServedProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _out = new();
    private readonly Task<string> _error;

    private ServedProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Where its API is.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>What it has said on standard output so far.</summary>
    public string Said => _out.ToString();

    /// <summary>Starts it and waits until it has brought in its files.</summary>
    public static async Task<ServedProcess> StartAsync(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var service = new ServedProcess(Cli.Start(folder, arguments, environment));
        try
        {
            await service.ReadUntilReadyAsync();
            return service;
        }
        catch
        {
            service.Dispose();
            throw;
        }
    }

    /// <summary>Asks it to stop, as a supervisor does, and waits for its end.</summary>
    public async Task<CliResult> TerminateAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var rest = _process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CliResult(_process.ExitCode, Said + await rest, await _error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private async Task ReadUntilReadyAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            _out.AppendLine(line);
            if (AddressLine().Match(line) is { Success: true } found)
            {
                Address = new Uri(found.Groups["url"].Value);
            }

            if (line == "Ready.")
            {
                return;
            }
        }

        throw new InvalidOperationException($"The service ended before it was ready: {Said}{await _error}");
    }

    [GeneratedRegex(@"serves at (?<url>\S+):")]
    private static partial Regex AddressLine();
}
