using Microsoft.Data.Sqlite;

namespace DataFlow.Engine.State;

/// <summary>Turns what SQLite reports into sentences.</summary>
internal static class SqliteFaults
{
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    /// <summary>True when a copy failed because of what is copied.</summary>
    public static bool IsOfSource(SqliteException error) => error.SqliteErrorCode is Busy or Locked or Corrupt or NotADatabase;

    /// <summary>The failure of a call on the database at <paramref name="path"/>.</summary>
    public static ConnectorException Explain(string path, SqliteException error) => error.SqliteErrorCode switch
    {
        Busy or Locked => ConnectorException.External(
            $"The state database '{path}' is locked by another process for more than {SqliteDatabase.WaitSeconds} seconds. " +
            "It is tried again; if it stays so, look for a program that holds the file open.",
            error),
        ReadOnly or CannotOpen => ConnectorException.User(
            $"The state database '{path}' can't be opened for writing ({ReasonOf(error)}). {StateFolder.NeedsWriting}", error),
        Full => ConnectorException.External(
            $"The state database '{path}' can't grow: the disk is full. Free some space; it is tried again, and nothing that was committed is lost.",
            error),
        Corrupt or NotADatabase => Damaged(path, ReasonOf(error), error),
        InputOutput => ConnectorException.External(
            $"Reading or writing the state database '{path}' failed ({ReasonOf(error)}). Check the disk; it is tried again.", error),
        _ => new ConnectorException(
            $"The state database '{path}' refused a statement ({ReasonOf(error)}). Please report this.",
            FaultOwner.Internal, RetryAdvice.Never, error),
    };

    /// <summary>A file that is there but isn't a state database.</summary>
    public static ConnectorException Damaged(string path, string found, Exception? error = null) => ConnectorException.User(
        $"The state database '{path}' can't be used: {found}. Restore it from a copy. Or move it away to start over: " +
        "its positions, counters and dead letters are lost then.",
        error);

    private static string ReasonOf(SqliteException error) =>
        error.Message.Split('\'', StringSplitOptions.RemoveEmptyEntries) is [_, var reason, ..] ? reason : error.Message;
}
