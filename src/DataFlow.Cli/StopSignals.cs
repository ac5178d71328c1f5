using System.Runtime.InteropServices;

namespace DataFlow.Cli;

/// <summary>The first SIGTERM or Ctrl+C asks for a graceful stop, the second one ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private const int ExitedBySignal = 128 + 15;

    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _interrupt;
    private readonly TextWriter _error;

    public StopSignals(TextWriter error)
    {
        _error = error;
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Stop => _stop.Token;

    public void Dispose()
    {
        _terminate.Dispose();
        _interrupt.Dispose();
        _stop.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_stop.IsCancellationRequested)
        {
            Environment.Exit(ExitedBySignal);
        }

        _error.WriteLine("Stopping: no more intake, delivering what was read. Press Ctrl+C again to end at once.");
        _stop.Cancel();
    }
}
