using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>
/// The account of a batch on its way: how many answers are missing, what failed, and where each message went. Answers come from
/// one thread; all else belongs to the sink, which reads what failed once the answers are there.
/// </summary>
internal sealed class KafkaDeliveries
{
    private readonly SortedDictionary<int, Error> _failed = [];
    private (nint Topic, int Partition)[] _places = [];
    private TaskCompletionSource _all = new();
    private TaskCompletionSource _firstFailure = new();
    private int _open;

    /// <summary>The messages that failed by their numbers, and why.</summary>
    public IReadOnlyDictionary<int, Error> Failed => _failed;

    /// <summary>Begins with a batch.</summary>
    /// <param name="count">How many messages it may have.</param>
    public void Begin(int count)
    {
        if (_places.Length < count)
        {
            _places = new (nint, int)[count];
        }

        Array.Clear(_places, 0, count);
        _failed.Clear();
        _all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _firstFailure = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _open = 1;
    }

    /// <summary>One more message is about to be sent.</summary>
    public void Expect() => Interlocked.Increment(ref _open);

    /// <summary>It was not taken at all: no answer comes.</summary>
    public void NotSent() => Done();

    /// <summary>A message has its answer.</summary>
    public void Answered(int number, nint topic, int partition, Error? error)
    {
        _places[number] = (topic, partition);
        if (error is not null)
        {
            _failed[number] = error;
            _firstFailure.TrySetResult();
        }

        Done();
    }

    /// <summary>All messages are sent.</summary>
    /// <param name="all">Ends when every message has its answer.</param>
    /// <param name="firstFailure">Ends when a message has failed; never, when none does.</param>
    public void End(out Task all, out Task firstFailure)
    {
        all = _all.Task;
        firstFailure = _firstFailure.Task;
        Done();
    }

    /// <summary>Where an answered message went, to compare with others.</summary>
    public (nint Topic, int Partition) PlaceOf(int number) => _places[number];

    private void Done()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            _all.TrySetResult();
        }
    }
}
