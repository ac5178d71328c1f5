using System.Diagnostics;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;
using DuckDB.NET.Data;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.Benchmarks;

/// <summary>Somebody who can do a job. Each run does the whole job once.</summary>
/// <param name="Name">As shown in the results.</param>
/// <param name="InProcess">True when the work is done in this process; otherwise in a child whose start-up counts too.</param>
/// <param name="Run">Does the job.</param>
internal sealed record Contender(string Name, bool InProcess, Action Run);

/// <summary>This product, as a user would run it: a pipeline file through the engine.</summary>
internal static class DataFlowContender
{
    public static Contender Create(string name, string yaml) => new(name, InProcess: true, () => Run(yaml));

    private static void Run(string yaml)
    {
        var definition = PipelineFile.Parse(yaml, "bench.yaml", BuiltInCatalogue.Instance);
        var runner = new PipelineRunner(definition.ToSpec(), new InMemoryStateStore(TimeProvider.System), TimeProvider.System, NullLogger.Instance);
        var outcome = runner.RunAsync(CancellationToken.None).GetAwaiter().GetResult();
        if (outcome.Error is not null)
        {
            throw outcome.Error;
        }
    }
}

/// <summary>DuckDB, the fastest peer, with its fastest settings.</summary>
internal static class DuckDbContender
{
    public static Contender Create(string sql, int threads) => new($"DuckDB, {threads} thread{(threads == 1 ? "" : "s")}", InProcess: true, () =>
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        Execute(connection, $"SET threads={threads}; SET preserve_insertion_order=false;");
        Execute(connection, sql);
    });

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

/// <summary>Reads and writes the bytes and does nothing with them.</summary>
internal static class CopyContender
{
    public static Contender Create(string name, string input, string output, long bytes) => new(name, InProcess: true, () =>
    {
        var buffer = new byte[1 << 18];
        using var from = File.OpenHandle(input);
        using var to = File.OpenHandle(output, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        var size = RandomAccess.GetLength(from);
        for (var written = 0L; written < bytes;)
        {
            var read = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(buffer.Length, bytes - written)), written % size);
            RandomAccess.Write(to, buffer.AsSpan(0, read), output == "/dev/null" ? 0 : written);
            written += read;
        }

        if (output != "/dev/null")
        {
            RandomAccess.FlushToDisk(to);
        }
    });
}

/// <summary>A command-line tool, where it is installed.</summary>
internal static class CommandContender
{
    public static IEnumerable<Contender> IfInstalled(string name, string command, string arguments)
    {
        if ((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, command))))
        {
            yield return new Contender(name, InProcess: false, () =>
            {
                using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"exec {command} {arguments}"]))!;
                process.WaitForExit();
                if (process.ExitCode != 0)
                {
                    throw new InvalidOperationException($"{name} ended with {process.ExitCode}.");
                }
            });
        }
    }
}
