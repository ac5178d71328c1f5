namespace DataFlow.Engine.State;

/// <summary>The folder that holds the state database and the lock files.</summary>
internal static class StateFolder
{
    /// <summary>Makes sure that the folder is there.</summary>
    /// <returns>Its full path.</returns>
    /// <exception cref="ConnectorException">It can't be created.</exception>
    public static string Create(string folder)
    {
        var path = Path.GetFullPath(folder);
        try
        {
            return Directory.CreateDirectory(path).FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ConnectorException.User(
                FileOnTheWayTo(path) is { } file
                    ? $"The state folder '{path}' can't be created: '{file}' is a file. " +
                      "Move it away, or name another folder with --state DIR."
                    : $"The state folder '{path}' can't be created: {e.Message} {NeedsWriting}",
                e);
        }
    }

    /// <summary>What to do about a folder that can't be written.</summary>
    public const string NeedsWriting = "Give this user the right to write there, or name another folder with --state DIR.";

    private static string? FileOnTheWayTo(string path)
    {
        for (var place = path; place is not null; place = Path.GetDirectoryName(place))
        {
            if (File.Exists(place))
            {
                return place;
            }
        }

        return null;
    }
}
