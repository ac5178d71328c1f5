using System.Runtime.InteropServices;

namespace DataFlow.Cli;

/// <summary>The first SIGTERM or Ctrl+C asks for a graceful stop, the second one ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private const int ExitedBySignal = 128;
    private const int Interrupt = 2;
    private const int Terminate = 15;

    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _interrupt;
    private readonly CliContext _context;

    public StopSignals(CliContext context)
    {
        _context = context;
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

    private void Handle(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (_stop.IsCancellationRequested)
        {
            if (_context.IsInteractive)
            {
                // The progress bar hides the cursor, and would leave it so.
                _context.Terminal.Cursor.Show(true);
            }

            Environment.Exit(ExitedBySignal + (signal.Signal == PosixSignal.SIGINT ? Interrupt : Terminate));
        }

        _context.Error.WriteLine("Stopping: no more intake, delivering what was read. Press Ctrl+C again to end at once.");
        _stop.Cancel();
    }
}
