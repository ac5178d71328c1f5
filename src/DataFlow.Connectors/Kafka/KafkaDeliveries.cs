using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>Waits for the brokers' answers to the messages of a batch. Reports come from the client's thread.</summary>
internal sealed class KafkaDeliveries
{
    private readonly Lock _gate = new();
    private readonly List<(int Row, Error Error)> _failed = [];
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open = 1;

    /// <summary>What failed, once all answers are there.</summary>
    public IReadOnlyList<(int Row, Error Error)> Failed => _failed;

    /// <summary>One more message is on its way.</summary>
    /// <param name="row">0-based physical row that it is made of.</param>
    /// <returns>To be called with the answer.</returns>
    public Action<DeliveryReport<byte[]?, byte[]?>> Expect(int row)
    {
        Interlocked.Increment(ref _open);
        return report =>
        {
            if (report.Error.IsError)
            {
                Fail(row, report.Error);
            }

            Done();
        };
    }

    /// <summary>A message was not taken at all.</summary>
    public void NotSent(int row, Error error)
    {
        Fail(row, error);
        Done();
    }

    /// <summary>Ends when every message has its answer. To be called once, after the last one.</summary>
    public Task AllAsync()
    {
        Done();
        return _all.Task;
    }

    private void Fail(int row, Error error)
    {
        lock (_gate)
        {
            _failed.Add((row, error));
        }
    }

    private void Done()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            _all.TrySetResult();
        }
    }
}
