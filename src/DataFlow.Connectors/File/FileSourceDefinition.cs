using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>The catalogue entry of the file source.</summary>
internal static class FileSourceDefinition
{
    public static SourceDefinition Definition { get; } = new()
    {
        Name = SourceType.File,
        Summary = "Reads files: CSV, JSON and text, compressed or not, once, as they grow, or as they come into a folder.",
        ConnectionDescription =
            "A file, or a pattern for several: * stands for any part of a name, ** for any folders. "
            + "Relative paths start at the pipeline file's folder.",
        ConnectionExample = "data/users.csv",
        ConnectionIsPath = true,
        OptionsType = typeof(FileSourceOptions),
        Capabilities = _ => new SourceCapabilities(Replayable: true),
        Sharing = _ => SourceSharing.ByShare,
        Create = Create,
        PositionFromNumber = PositionFromNumber,
        ReadAgain = FileDeadLetter.ReadAgain,
        DefaultUntil = settings => ((FileSourceOptions)settings.Options).Mode == FileReadMode.Once ? Until.CaughtUp : Until.Forever,
    };

    private static FileSourceConnector Create(SourceSettings settings)
    {
        // What can't be used is said before anything is opened, and about the option that it is about.
        var options = (FileSourceOptions)settings.Options;
        Transcoder.Create(options.Encoding);
        RecordReaders.Create(options);
        return new FileSourceConnector(settings, RecordReaders.Create);
    }

    private static Advance PositionFromNumber(SourceSettings settings, long lines)
    {
        if (new FilePattern(settings, (FileSourceOptions)settings.Options).IsPattern)
        {
            throw ConnectorException.User(
                $"{settings.ConfiguredConnection} may be several files, and line {lines} does not say of which. "
                + "Name the file: `dataflow state show` lists them, `dataflow state set` and `dataflow state seek` take one.");
        }

        return new Advance(settings.Connection, new LinePosition(lines));
    }
}
