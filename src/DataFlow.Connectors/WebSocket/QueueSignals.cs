using System.Runtime.ExceptionServices;

namespace DataFlow.Connectors;

/// <summary>
/// How the two sides of a message queue wait for each other: one adds, one takes. Everything but the waiting itself is called under
/// the queue's lock.
/// </summary>
internal sealed class QueueSignals(TimeProvider time)
{
    private TaskCompletionSource? _taker;
    private TaskCompletionSource? _adder;
    private Exception? _error;

    /// <summary>No more messages come.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>No more messages come, for a reason or none.</summary>
    public void Complete(Exception? error)
    {
        IsComplete = true;
        _error = error;
        WakeTaker();
    }

    /// <summary>Throws what the queue was completed with.</summary>
    public void ThrowIfFailed()
    {
        if (_error is not null)
        {
            ExceptionDispatchInfo.Throw(_error);
        }
    }

    /// <summary>There is something to take, or to wait for.</summary>
    public void WakeTaker() => Wake(ref _taker);

    /// <summary>There may be room.</summary>
    public void WakeAdder() => Wake(ref _adder);

    /// <summary>Ends with the next <see cref="WakeTaker"/>.</summary>
    public Task NextForTaker() => (_taker = New()).Task;

    /// <summary>Ends with the next <see cref="WakeAdder"/>.</summary>
    public Task NextForAdder() => (_adder = New()).Task;

    /// <summary>Waits, outside the lock, for a signal or for a time.</summary>
    public async Task WaitAsync(Task signal, TimeSpan most)
    {
        using var timer = new CancellationTokenSource();
        await Task.WhenAny(signal, Task.Delay(most, time, timer.Token)).ConfigureAwait(false);

        // At once and here: CancelAsync would hand this to another thread, for each batch.
        timer.Cancel();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static void Wake(ref TaskCompletionSource? waiting)
    {
        waiting?.TrySetResult();
        waiting = null;
    }
}
