namespace DataFlow.Engine;

/// <summary>What has been written since the last commit and will count with the next one.</summary>
internal sealed class PendingCommit(bool isReplay)
{
    private readonly Dictionary<string, Position> _positions = [];
    private readonly List<RecordError> _deadLetters = [];
    private readonly List<long> _replayed = [];
    private long _deadLetterBytes;

    /// <summary>Records and bytes since the last commit.</summary>
    public RecordCounters Counters { get; private set; }

    /// <summary>True when a commit would change anything.</summary>
    public bool IsEmpty => _positions.Count == 0 && Counters == default && _deadLetters.Count == 0 && _replayed.Count == 0;

    /// <summary>Dead letters that are not in the store yet.</summary>
    public IReadOnlyList<RecordError> DeadLetters => _deadLetters;

    /// <summary>Dead letters that this commit delivers, by number.</summary>
    public IReadOnlyCollection<long> Replayed => _replayed;

    /// <summary>True when the dead letters should go to the store before the commit, so that memory stays bounded.</summary>
    public bool DeadLettersAreMany => _deadLetterBytes > 4 << 20 || _deadLetters.Count > 5000;

    /// <summary>Adds a batch that the sink has taken.</summary>
    /// <param name="written">The batch.</param>
    /// <param name="refused">Rows that the sink or its encoder refused, as dead letters.</param>
    public void Add(InFlightBatch written, IReadOnlyList<RecordError> refused)
    {
        var batch = written.Batch;
        Keep(batch.Errors);
        Keep(refused);
        if (isReplay)
        {
            AddReplayed(written, [.. batch.Errors, .. refused]);
            return;
        }

        foreach (var advance in written.Advances)
        {
            _positions[advance.Split] = advance.Position;
        }

        Counters += new RecordCounters
        {
            Read = written.Read + batch.Dropped,
            Filtered = written.Filtered,
            Delivered = batch.Count - refused.Count,
            DeadLettered = batch.Errors.Count + refused.Count,
            Dropped = batch.Dropped,
            Deduplicated = batch.Deduplicated,
            Bytes = batch.BytesRead,
        };
    }

    /// <summary>Forgets the positions of splits that belong to somebody else now.</summary>
    public void Forget(IEnumerable<string> splits)
    {
        foreach (var split in splits)
        {
            _positions.Remove(split);
        }
    }

    /// <summary>The last position of each split that moved.</summary>
    public IReadOnlyList<Advance> Advances() => [.. _positions.Select(pair => new Advance(pair.Key, pair.Value))];

    /// <summary>The dead letters are in the store.</summary>
    public void DeadLettersStored()
    {
        _deadLetters.Clear();
        _deadLetterBytes = 0;
    }

    /// <summary>The commit is durable.</summary>
    public void Clear()
    {
        _positions.Clear();
        _replayed.Clear();
        Counters = default;
        DeadLettersStored();
    }

    /// <summary>
    /// A letter that fails again stays a letter; one that fails at a later stage is replaced by the letter of that stage. One that
    /// passes moves to delivered or filtered. None is read anew.
    /// </summary>
    private void AddReplayed(InFlightBatch written, IReadOnlyList<RecordError> failures)
    {
        var letter = (LetterPosition)written.Advances[0].Position;
        if (failures.Count > 0)
        {
            if (failures.Any(failure => failure.Stage != letter.Stage))
            {
                _replayed.Add(letter.Offset);
            }
        }
        else if (written.Batch.Count + written.Filtered > 0)
        {
            _replayed.Add(letter.Offset);
            Counters += new RecordCounters { Delivered = written.Batch.Count, Filtered = written.Filtered, DeadLettered = -written.Batch.Count - written.Filtered };
        }
    }

    private void Keep(IReadOnlyList<RecordError> errors)
    {
        _deadLetters.AddRange(errors);
        foreach (var error in errors)
        {
            _deadLetterBytes += error.Raw.Length;
        }
    }
}
