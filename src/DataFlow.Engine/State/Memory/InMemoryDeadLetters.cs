namespace DataFlow.Engine.State;

/// <summary>The dead letters of <see cref="InMemoryStateStore"/>.</summary>
internal sealed class InMemoryDeadLetters(Lock gate, Func<string, CommitStamp?> stampOf, TimeProvider time) : IDeadLetterStore
{
    private readonly SortedDictionary<long, (string Pipeline, DeadLetterRecord Letter)> _letters = [];
    private readonly Dictionary<(string Pipeline, Guid DeliveryId, string Stage), long> _ids = [];
    private long _lastId;

    public ValueTask<bool> AppendAsync(
        string pipeline, CommitStamp commit, IReadOnlyList<RecordError> errors, CancellationToken ct)
    {
        lock (gate)
        {
            if (!IsOfCurrentRun(pipeline, commit))
            {
                return ValueTask.FromResult(false);
            }

            foreach (var error in errors)
            {
                var key = (pipeline, error.DeliveryId, error.Stage);
                var letter = _ids.TryGetValue(key, out var id)
                    ? _letters[id].Letter with { Error = error, FailedAt = time.GetUtcNow(), ReplayedAt = null }
                    : new DeadLetterRecord(++_lastId, error, commit.Generation, commit.Sequence, time.GetUtcNow(), null);
                _ids[key] = letter.Id;
                _letters[letter.Id] = (pipeline, letter);
            }

            return ValueTask.FromResult(true);
        }
    }

    public ValueTask<long> DeleteAboveAsync(string pipeline, CommitStamp last, CancellationToken ct)
    {
        lock (gate)
        {
            return ValueTask.FromResult(IsOfCurrentRun(pipeline, last) ? DeleteAbove(pipeline, last) : 0);
        }
    }

    public ValueTask<IReadOnlyList<DeadLetterRecord>> ListAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct)
    {
        lock (gate)
        {
            return ValueTask.FromResult<IReadOnlyList<DeadLetterRecord>>([.. Find(pipeline, filter).Take(filter.Limit)]);
        }
    }

    public ValueTask<IReadOnlyDictionary<string, long>> CountAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct)
    {
        lock (gate)
        {
            return ValueTask.FromResult<IReadOnlyDictionary<string, long>>(
                Find(pipeline, filter).GroupBy(letter => letter.Error.Reason).ToDictionary(group => group.Key, group => group.LongCount()));
        }
    }

    public ValueTask<long> DeleteAsync(string pipeline, DeadLetterFilter filter, CancellationToken ct)
    {
        lock (gate)
        {
            return ValueTask.FromResult(Delete(pipeline, Find(pipeline, filter)));
        }
    }

    public ValueTask<long> MarkReplayedAsync(string pipeline, IReadOnlyCollection<long> ids, CancellationToken ct)
    {
        lock (gate)
        {
            return ValueTask.FromResult(MarkReplayed(pipeline, ids));
        }
    }

    public long DeleteAbove(string pipeline, CommitStamp last) => Delete(
        pipeline,
        _letters.Values
            .Where(row => row.Pipeline == pipeline)
            .Select(row => row.Letter)
            .Where(letter => (letter.Generation, letter.Sequence).CompareTo((last.Generation, last.Sequence)) > 0));

    public long MarkReplayed(string pipeline, IReadOnlyCollection<long> ids)
    {
        DeadLetterRecord[] open = [.. Find(pipeline, new DeadLetterFilter { Ids = ids })];
        foreach (var letter in open)
        {
            _letters[letter.Id] = (pipeline, letter with { ReplayedAt = time.GetUtcNow() });
        }

        return open.Length;
    }

    private bool IsOfCurrentRun(string pipeline, CommitStamp stamp) =>
        stampOf(pipeline) is { } stored && (stored.Generation, stored.Epoch) == (stamp.Generation, stamp.Epoch);

    private IEnumerable<DeadLetterRecord> Find(string pipeline, DeadLetterFilter filter) => _letters.Values
        .Where(row => row.Pipeline == pipeline)
        .Select(row => row.Letter)
        .Where(letter => letter.Id > filter.After
            && (filter.Status == DeadLetterStatus.Any || letter.ReplayedAt.HasValue == (filter.Status == DeadLetterStatus.Replayed))
            && (filter.Reason is null || letter.Error.Reason == filter.Reason)
            && (filter.Stage is null || letter.Error.Stage == filter.Stage)
            && (filter.Split is null || letter.Error.Split == filter.Split)
            && (filter.Ids is null || filter.Ids.Contains(letter.Id)));

    private long Delete(string pipeline, IEnumerable<DeadLetterRecord> letters)
    {
        DeadLetterRecord[] doomed = [.. letters];
        foreach (var letter in doomed)
        {
            _letters.Remove(letter.Id);
            _ids.Remove((pipeline, letter.Error.DeliveryId, letter.Error.Stage));
        }

        return doomed.Length;
    }
}
