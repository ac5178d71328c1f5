namespace DataFlow.Engine;

/// <summary>Counts by reason that become final with a commit. Not thread-safe.</summary>
internal sealed class ReasonCounts
{
    private readonly Dictionary<string, long> _committed = [];
    private readonly Dictionary<string, long> _pending = [];

    /// <summary>A copy of what is final.</summary>
    public IReadOnlyDictionary<string, long> Committed => new Dictionary<string, long>(_committed);

    public void Add(string reason, long times) => _pending[reason] = _pending.GetValueOrDefault(reason) + times;

    /// <summary>What was added since the last commit is final.</summary>
    public void Commit()
    {
        foreach (var (reason, times) in _pending)
        {
            _committed[reason] = _committed.GetValueOrDefault(reason) + times;
        }

        _pending.Clear();
    }

    /// <summary>What was added since the last commit has not happened.</summary>
    public void Void() => _pending.Clear();
}
