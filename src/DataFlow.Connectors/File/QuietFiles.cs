namespace DataFlow.Connectors;

/// <summary>
/// Tells which files of a watched folder are complete: last written long enough ago, and unchanged since an earlier look.
/// The second look is for copies that carry the time of their original.
/// </summary>
internal sealed class QuietFiles(TimeSpan minAge, TimeProvider time)
{
    private Dictionary<string, (long Size, DateTime Modified, long Since)> _seen = [];

    /// <summary>The complete ones, in their order.</summary>
    public List<FoundFile> Among(IReadOnlyList<FoundFile> files)
    {
        var quiet = new List<FoundFile>();
        var seen = new Dictionary<string, (long Size, DateTime Modified, long Since)>(files.Count);
        foreach (var file in files)
        {
            var now = (file.Stat.Size, file.Stat.Modified, Since: time.GetTimestamp());
            var wasSeen = _seen.TryGetValue(file.Path, out var before) && before.Size == now.Size && before.Modified == now.Modified;
            seen[file.Path] = wasSeen ? before : now;
            if (minAge == TimeSpan.Zero || (wasSeen && IsOld(file.Stat.Modified, before.Since)))
            {
                quiet.Add(file);
            }
        }

        _seen = seen;
        return quiet;
    }

    /// <summary>A clock that is ahead on another machine must not hold a file back for ever.</summary>
    private bool IsOld(DateTime modified, long since) =>
        time.GetUtcNow().UtcDateTime - modified >= minAge || time.GetElapsedTime(since) >= minAge;
}
