namespace DataFlow.Connectors;

/// <summary>What the number of a <see cref="StreamPlace"/> means: journals of several nodes count their messages each for itself.</summary>
/// <param name="Journal">The journal that the number belongs to.</param>
/// <param name="Elsewhere">Messages of the stream before its own ones: with them the number is the offset, which goes on over all journals.</param>
/// <param name="LeftUpTo">
/// Messages up to this number were left from before another journal took over: they are older than the place, and don't change what it
/// knows of the stream.
/// </param>
internal sealed record JournalPlace(Guid Journal, long Elsewhere, long LeftUpTo)
{
    /// <summary>The number was counted without a journal.</summary>
    public static JournalPlace None { get; } = new(Guid.Empty, 0, 0);
}
