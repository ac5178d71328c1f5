using DataFlow.Formats;

namespace DataFlow.Connectors;

internal enum FileReadMode
{
    Once,
    Tail,
    Watch,
}

internal enum OnComplete
{
    Keep,
    Move,
    Delete,
}

internal enum FileOrder
{
    Path,
    Modified,
}

internal enum StartAt
{
    Beginning,
    End,
}

/// <summary>Options of the file source.</summary>
internal sealed record FileSourceOptions : FormatOptions
{
    [Option(
        "once reads the files to their ends and stops there; tail follows files that grow and survives their rotation; "
        + "watch reads each new file of a folder when it is complete.")]
    public FileReadMode Mode { get; init; } = FileReadMode.Once;

    [Option("What becomes of a file after its last record is safely delivered: keep, move (to move-to) or delete. Not with tail.")]
    public OnComplete OnComplete { get; init; } = OnComplete.Keep;

    [Option(
        "Folder for completed files, with on-complete: move. It is created when missing; files in it are never read.", Example = "done", Path = true)]
    public string MoveTo { get; init; } = "";

    [Option("watch: a file is complete when nobody has written to it for so long.")]
    [OptionRange(0)]
    public TimeSpan MinAge { get; init; } = TimeSpan.FromSeconds(2);

    [Option("Files to leave out, as a pattern below the folder of the connection: *.tmp or **/old/*.", Identity = true, Example = "*.tmp")]
    public string Exclude { get; init; } = "";

    [Option("The order in which several files are read: path, or modified (oldest first).")]
    public FileOrder Order { get; init; } = FileOrder.Path;

    [Option("tail: where to start in files that are there at the very first start: beginning, or end (only what is written from then on).")]
    public StartAt StartAt { get; init; } = StartAt.Beginning;

    [Option(
        "tail: how long a file that was renamed or deleted is still read, in case that its writer has not let go of it.", Advanced = true)]
    [OptionRange(0)]
    public TimeSpan RotateWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        foreach (var problem in base.Validate())
        {
            yield return problem;
        }

        if (OnComplete == OnComplete.Move && MoveTo.Length == 0)
        {
            yield return new OptionProblem("move-to", "on-complete is move, but it isn't said where to; give a folder as move-to.");
        }

        if (OnComplete != OnComplete.Move && MoveTo.Length > 0)
        {
            yield return new OptionProblem("move-to", "move-to has no effect without on-complete: move.");
        }

        if (Mode == FileReadMode.Tail && OnComplete != OnComplete.Keep)
        {
            yield return new OptionProblem(
                "on-complete", "A file that is followed (mode: tail) is never complete; use mode: watch or once, or on-complete: keep.");
        }

        if (Mode != FileReadMode.Tail && StartAt == StartAt.End)
        {
            yield return new OptionProblem("start-at", "start-at: end would read nothing here; it is for mode: tail.");
        }
    }
}
