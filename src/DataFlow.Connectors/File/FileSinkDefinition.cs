namespace DataFlow.Connectors;

/// <summary>The file sink in the catalogue.</summary>
internal static class FileSinkDefinition
{
    public static SinkDefinition Definition { get; } = new()
    {
        Name = "file",
        Summary = "Writes records into a file: NDJSON, CSV or text, compressed or not.",
        ConnectionDescription = "Path of the file; its folder is created. {instance} in it is replaced by the number of the "
            + "instance, or by 'all' where one run does all of the work. A pipe or device works too, but nothing written to it can be "
            + "taken back.",
        ConnectionExample = "out/users.ndjson",
        ConnectionIsPath = true,
        OptionsType = typeof(FileSinkOptions),
        Capabilities = settings => IsStream(settings.Connection)
            ? new SinkCapabilities(
                SinkReplay.Repeated, $"{settings.ConfiguredConnection} is no regular file: what was written after the last commit "
                    + "can't be taken back")
            : new SinkCapabilities(SinkReplay.Undone),
        WhyNotShared = settings => settings.ConfiguredConnection.Contains("{instance}", StringComparison.Ordinal)
            ? null
            : $"all instances would write to the same file; put {{instance}} into the path, such as {Suggested(settings.ConfiguredConnection)}, "
                + "or leave 'instances' out.",
        Create = settings => new FileSinkConnector(settings.Connection, (FileSinkOptions)settings.Options, FileOperations.Instance),
    };

    private static string Suggested(string path) =>
        Path.Join(Path.GetDirectoryName(path), $"{Path.GetFileNameWithoutExtension(path)}-{{instance}}{Path.GetExtension(path)}");

    /// <summary>What can't be looked at is said when it is opened.</summary>
    private static bool IsStream(string path)
    {
        try
        {
            return FileOperations.Instance.KindOf(path) is FileKind.Other;
        }
        catch (Exception e) when (FileSinkFailure.IsFromFileSystem(e))
        {
            return false;
        }
    }
}
