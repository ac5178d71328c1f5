using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DataFlow.Engine.State;

namespace DataFlow.UnitTests.State;

/// <summary>
/// Another process that holds a pipeline's lock: this very program, told by an environment variable to do nothing else. It
/// ends with its standard input, so that it never outlives the tests.
/// </summary>
internal sealed class LockHolder : IDisposable
{
    private const string Variable = "DATAFLOW_TEST_HOLD_LOCK";

    private readonly Process _process;

    private LockHolder(Process process) => _process = process;

    public int ProcessId => _process.Id;

    public static async Task<LockHolder> StartAsync(string folder, string pipeline)
    {
        var dotnet = Path.Combine(
            RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        var start = new ProcessStartInfo(dotnet, ["exec", typeof(LockHolder).Assembly.Location])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { [Variable] = $"{folder}|{pipeline}" },
        };
        var holder = new LockHolder(Process.Start(start)!);
        if (await holder._process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) != "held")
        {
            holder.Dispose();
            Assert.Fail("The other process could not take the lock.");
        }

        return holder;
    }

    /// <summary>Ends the process as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

#pragma warning disable CA2255 // It has to run before the test runner's own Main, in the process that is started above.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void HoldIfTold()
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split('|') is [var folder, var pipeline])
        {
            using (PipelineLock.Acquire(folder, pipeline, null, TimeProvider.System))
            {
                Console.WriteLine("held");
                Console.In.ReadToEnd();
            }

            Environment.Exit(0);
        }
    }
}
