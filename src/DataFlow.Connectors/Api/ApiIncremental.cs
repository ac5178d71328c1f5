using System.IO.Hashing;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>
/// Asks for what is new only: knows the newest value of the records so far, and leaves out records that come again because the
/// request reaches back behind it.
/// </summary>
internal sealed class ApiIncremental
{
    private readonly ApiSourceOptions _options;
    private readonly ApiRecordValue _value;
    private readonly ApiRecordValue? _key;
    private readonly Dictionary<long, int> _occurrences = [];
    private readonly ApiSeen _seen;
    private string? _since;
    private string? _newest;
    private decimal? _newestAge;

    public ApiIncremental(ApiSourceOptions options, ApiPosition start)
    {
        _options = options;
        _value = new ApiRecordValue(options.IncrementalPath!);
        _key = options.DeduplicateBy is { } key ? new ApiRecordValue(key) : null;
        _since = start.Since;
        _newest = start.Newest;
        _newestAge = ApiWatermark.Parse(_newest, options.IncrementalType);
        _seen = start.Seen?.Copy() ?? new ApiSeen();
    }

    /// <summary>What the requests of this poll ask for; null for everything.</summary>
    public string? Since => _since is { } since ? ApiWatermark.Earlier(since, _options.IncrementalLookback)
        : _options.IncrementalStart.Length > 0 ? _options.IncrementalStart
        : null;

    /// <summary>The newest value of the polls before this one.</summary>
    public string? Before => _since;

    /// <summary>The newest value so far.</summary>
    public string? Newest => _newest;

    /// <summary>A copy of what may come again.</summary>
    public ApiSeen Seen() => _seen.Copy();

    /// <summary>A page begins.</summary>
    public void BeginPage() => _occurrences.Clear();

    /// <summary>Removes what was delivered before, names what is new and remembers it.</summary>
    public void Take(RecordBatch batch)
    {
        var removed = new bool[batch.RowCount];
        for (var row = 0; row < removed.Length; row++)
        {
            var text = _value.Of(batch, row);
            if (ApiWatermark.Parse(text, _options.IncrementalType) is not { } age)
            {
                // It is delivered each time that it comes, because nothing tells whether it is new.
                batch.CountOutcome("no-incremental-value");
                continue;
            }

            var hash = HashOf(batch, row, text!);
            batch.SetPosition(row, hash);
            removed[row] = !_seen.Add(age, hash);
            if (!removed[row] && (_newestAge is null || age > _newestAge))
            {
                (_newest, _newestAge) = (text, age);
            }
        }

        batch.Deduplicated = removed.Count(isRemoved => isRemoved);
        if (batch.Deduplicated > 0)
        {
            batch.RemoveRows(removed);
        }

        Forget();
    }

    /// <summary>The poll is complete: the next one asks for what is newer.</summary>
    public void EndPoll()
    {
        _since = _newest;
        Forget();
    }

    private void Forget()
    {
        if (_newestAge is { } newest)
        {
            _seen.Forget(newest - _options.IncrementalLookback.Ticks);
        }
    }

    private long HashOf(RecordBatch batch, int row, string value)
    {
        if (_key?.Of(batch, row) is { } key)
        {
            // With its value: a record that has changed since is a new one.
            return (long)XxHash64.HashToUInt64(Encoding.UTF8.GetBytes($"{key}\n{value}"));
        }

        var content = (long)XxHash64.HashToUInt64(batch.RawRow(row));
        var times = _occurrences[content] = _occurrences.GetValueOrDefault(content) + 1;
        return times == 1 ? content : (long)XxHash64.HashToUInt64(batch.RawRow(row), times);
    }
}
