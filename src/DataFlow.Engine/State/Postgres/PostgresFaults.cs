using System.Net.Sockets;
using Npgsql;

namespace DataFlow.Engine.State;

/// <summary>
/// Turns what PostgreSQL and its client report into sentences. The connection string, and so the password, is in none of them.
/// </summary>
/// <param name="place">The server and database, for people.</param>
internal sealed class PostgresFaults(string place)
{
    private const string SilentForTooLong = "25P03";

    /// <summary>True when two transactions stood in each other's way and this one was undone: it may be run again.</summary>
    public static bool IsConflict(Exception error) => error is PostgresException
    {
        SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected,
    };

    /// <summary>True when the connection was cut, as all of a pool are when the server restarts.</summary>
    public static bool IsCut(Exception error) => error switch
    {
        PostgresException postgres => postgres.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown,
        NpgsqlException client => client.InnerException is IOException or SocketException,
        _ => false,
    };

    /// <summary>True for what <see cref="Explain(Exception)"/> has a sentence for.</summary>
    public static bool IsFault(Exception error) => error is NpgsqlException or SocketException or IOException or TimeoutException;

    /// <summary>The failure of a connection or statement.</summary>
    public ConnectorException Explain(Exception error) => error switch
    {
        PostgresException postgres => Explain(postgres),
        TimeoutException or NpgsqlException { InnerException: TimeoutException } => ConnectorException.External(
            $"{Capital(place)} gave no answer in time: {Said(error)} It is tried again; if it stays so, look for a transaction that " +
            "holds locks, and at the load of the server.",
            error),
        SocketException or IOException or NpgsqlException { InnerException: SocketException or IOException } => ConnectorException.External(
            $"{Capital(place)} can't be reached: {Said(error)} It is tried again; check that the server runs, its host and port, and " +
            "the network.",
            error),
        _ => ConnectorException.User(
            $"{Capital(place)} can't be opened: {Said(error)} Check user name, password and SSL mode in the connection string of the " +
            "state store.",
            error),
    };

    /// <summary>Settings that can't be read.</summary>
    public static ConnectorException WrongConnectionString(Exception error) => ConnectorException.User(
        "The connection string of the PostgreSQL state store can't be read. It is written as " +
        "'Host=db.example;Port=5432;Database=dataflow;Username=dataflow;Password=...'; a value with a semicolon stands in quotes.",
        error);

    /// <summary>A database that lacks what is needed.</summary>
    public ConnectorException Unfit(string why) => ConnectorException.User($"{Capital(place)} can't be used: {why}");

    private ConnectorException Explain(PostgresException error)
    {
        var said = Said(error);
        return error.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => ConnectorException.User(
                $"{Capital(place)} refused the login: {said} Check user name and password in the connection string of the state store, " +
                "and pg_hba.conf of the server.",
                error),
            PostgresErrorCodes.InvalidCatalogName => ConnectorException.User(
                $"{Capital(place)} can't be opened: {said} Create the database, or name another in the connection string of the state " +
                "store.",
                error),
            PostgresErrorCodes.InsufficientPrivilege => ConnectorException.User(
                $"{Capital(place)} refused a statement: {said} The user needs the right to create a schema in the database " +
                "(GRANT CREATE ON DATABASE), or all rights on the schema 'dataflow' and its tables.",
                error),
            PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.InvalidSchemaName =>
                ConnectorException.User(
                    $"{Capital(place)} lacks tables of the state store: {said} Restore the schema 'dataflow' from a copy. Or drop it to " +
                    "start over: positions, counters and dead letters are lost then.",
                    error),
            PostgresErrorCodes.ReadOnlySqlTransaction => ConnectorException.External(
                $"{Capital(place)} can't be written: {said} It is tried again; if it is a standby, name the primary in the connection " +
                "string of the state store.",
                error),
            var state when IsPassing(state) => ConnectorException.External(
                $"{Capital(place)} can't answer at the moment: {said} It is tried again.", error),
            _ => new ConnectorException(
                $"{Capital(place)} refused a statement: {said} Please report this.", FaultOwner.Internal, RetryAdvice.Never, error),
        };
    }

    // Connections, resources, an operator's interference, the system; locks, transactions that were in the way or silent for too long.
    private static bool IsPassing(string state) => state[..2] is "08" or "40" or "53" or "57" or "58"
        || state is PostgresErrorCodes.LockNotAvailable or SilentForTooLong;

    private static string Said(Exception error)
    {
        var text = error is PostgresException postgres
            ? $"{postgres.MessageText}{(postgres.Detail is { } detail ? $" ({detail})" : "")} [{postgres.SqlState}]"
            : error.InnerException is { } inner && !error.Message.Contains(inner.Message, StringComparison.Ordinal)
                ? $"{error.Message} ({inner.Message})"
                : error.Message;
        return text.ReplaceLineEndings(" ").TrimEnd('.', ' ') + ".";
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
