namespace DataFlow.Connectors;

/// <summary>
/// Batches between the pump, which may not wait, and the engine. Bounded: the pump asks for room before it fetches. Thread-safe;
/// one pump, one reader.
/// </summary>
internal sealed class KafkaBatchQueue
{
    /// <summary>Batches ready for the engine at which the pump stops fetching.</summary>
    private const int Enough = 4;

    private readonly Lock _gate = new();
    private readonly Queue<(string Split, RecordBatch Batch)> _ready = new();
    private readonly Dictionary<string, long> _taken = [];
    private readonly ManualResetEventSlim _room = new(initialState: true);
    private TaskCompletionSource _change = NewSignal();
    private bool _isComplete;
    private Exception? _error;

    /// <summary>True when the engine has little enough to do.</summary>
    public bool HasRoom => _room.IsSet;

    /// <summary>True when the engine has nothing more to take.</summary>
    public bool IsEmpty
    {
        get { lock (_gate) { return _ready.Count == 0; } }
    }

    /// <summary>Waits until there is room, at most for some time.</summary>
    public bool WaitForRoom(TimeSpan most) => _room.Wait(most);

    /// <summary>Hands a batch on. Ownership moves.</summary>
    public void Add(string split, RecordBatch batch)
    {
        lock (_gate)
        {
            if (_isComplete)
            {
                batch.Release();
                return;
            }

            _ready.Enqueue((split, batch));
            Changed();
        }
    }

    /// <summary>The next batch, which is the caller's then; null at the end.</summary>
    public async ValueTask<RecordBatch?> TakeAsync()
    {
        while (true)
        {
            Task change;
            lock (_gate)
            {
                if (_ready.TryDequeue(out var next))
                {
                    foreach (var advance in next.Batch.Advances)
                    {
                        _taken[advance.Split] = ((KafkaPosition)advance.Position).Next;
                    }

                    Changed();
                    return next.Batch;
                }

                if (_isComplete)
                {
                    return _error is null ? null : throw _error;
                }

                change = _change.Task;
            }

            await change.ConfigureAwait(false);
        }
    }

    /// <summary>Gives back the batches of splits that the engine has not taken yet. They are read again by whoever owns the splits.</summary>
    /// <returns>The next offsets after what the engine has taken of these splits.</returns>
    public IReadOnlyDictionary<string, long> Drop(IReadOnlyCollection<string> splits)
    {
        lock (_gate)
        {
            for (var left = _ready.Count; left > 0; left--)
            {
                var (split, batch) = _ready.Dequeue();
                if (splits.Contains(split))
                {
                    batch.Release();
                }
                else
                {
                    _ready.Enqueue((split, batch));
                }
            }

            Changed();
            var taken = _taken.Where(pair => splits.Contains(pair.Key)).ToDictionary();
            foreach (var split in splits)
            {
                _taken.Remove(split);
            }

            return taken;
        }
    }

    /// <summary>No more batches come: the reader gets what is there, then the end or the error.</summary>
    public void Complete(Exception? error = null)
    {
        lock (_gate)
        {
            _isComplete = true;
            _error ??= error;
            Changed();
        }
    }

    /// <summary>Gives back what nobody will take.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _isComplete = true;
            while (_ready.TryDequeue(out var next))
            {
                next.Batch.Release();
            }

            Changed();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Changed()
    {
        if (_ready.Count < Enough || _isComplete)
        {
            _room.Set();
        }
        else
        {
            _room.Reset();
        }

        _change.TrySetResult();
        _change = NewSignal();
    }
}
