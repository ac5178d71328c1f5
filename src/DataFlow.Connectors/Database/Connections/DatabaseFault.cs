using System.Data.Common;
using System.Net.Sockets;

namespace DataFlow.Connectors;

/// <summary>What a failure of a database is about.</summary>
internal enum FaultKind
{
    /// <summary>It may pass by itself.</summary>
    Passing,

    /// <summary>Nobody answers, or the connection broke.</summary>
    Unreachable,

    /// <summary>Name, password or the right to connect.</summary>
    Login,

    /// <summary>There is no such database.</summary>
    NoDatabase,

    /// <summary>The statement can't be run as it is written.</summary>
    Query,

    /// <summary>It took too long.</summary>
    TimedOut,

    /// <summary>A value that the table doesn't take.</summary>
    Data,

    /// <summary>The provider doesn't tell.</summary>
    Untold,
}

/// <summary>Turns failures of providers into sentences: what happened, why it may be, what to do.</summary>
internal static class DatabaseFault
{
    /// <summary>A connection could not be opened.</summary>
    public static ConnectorException OfConnection(Exception failure, DatabaseAddress address)
    {
        if (failure is ConnectorException known)
        {
            return known;
        }

        var said = Said(failure, address);
        return KindOf(failure, address) switch
        {
            FaultKind.Login => ConnectorException.User(
                $"{address.Display} refused the login: {said} Check the options username and password.", failure),
            FaultKind.NoDatabase => ConnectorException.User(
                $"{address.Display} can't be opened: {said} Check the database's name in the connection.", failure),
            FaultKind.Query => ConnectorException.User(
                $"{address.Display} refused the settings of the session: {said} Check the parameters of the connection.", failure),
            FaultKind.TimedOut => ConnectorException.External(TimedOut(address, said), failure),
            FaultKind.Unreachable => ConnectorException.External(
                IsTimeout(failure) ? TimedOut(address, said) : $"{address.Display} can't be reached: {said} {Reasons}", failure),
            _ => ConnectorException.External($"{address.Display} can't be opened: {said}", failure),
        };
    }

    /// <summary>A statement failed.</summary>
    /// <param name="failure">The cause.</param>
    /// <param name="address">Where.</param>
    /// <param name="sql">What was run, to show the place of an error; or null.</param>
    public static ConnectorException OfStatement(Exception failure, DatabaseAddress address, string? sql)
    {
        if (failure is ConnectorException known)
        {
            return known;
        }

        var said = Said(failure, address);
        return KindOf(failure, address) switch
        {
            FaultKind.Query => ConnectorException.User($"{address.Display} can't run the query: "
                + $"{said}{Place(failure, address, sql)}", failure),
            FaultKind.Login => ConnectorException.User($"{address.Display} refused: {said} Check the rights of the user.", failure),
            FaultKind.TimedOut => ConnectorException.External(
                $"Slow query performance: {address.Display} gave no answer in time: {said} Is the incremental column "
                    + $"indexed? Look at the "
                + "query with EXPLAIN, narrow its WHERE, raise fetch-size or the option query-timeout.",
                failure),
            FaultKind.Data => ConnectorException.User($"{address.Display} can't run the query on its data: {said}", failure),
            _ => ConnectorException.External($"The connection to {address.Display} was lost or the server failed: {said}", failure),
        };
    }

    private const string Reasons =
        "Verify host and port, that the network leads there, the firewall's rules and that the server runs.";

    /// <summary>What the failure is about.</summary>
    public static FaultKind KindOf(Exception failure, DatabaseAddress address) => failure switch
    {
        DbException database => address.Dialect.KindOf(database),
        TimeoutException => FaultKind.TimedOut,
        SocketException or IOException => FaultKind.Unreachable,
        _ => FaultKind.Passing,
    };

    /// <summary>What the server or the provider says, on one line, as a sentence, without the password.</summary>
    public static string Said(Exception failure, DatabaseAddress address)
    {
        var text = failure is Npgsql.PostgresException { MessageText: { } message } postgres
            ? message + (postgres.Detail is { } detail ? $" ({detail})" : "") + (postgres.Hint is { } hint ? $" ({hint})" : "")
            : failure.Message;
        if (failure.InnerException is SocketException socket && !text.Contains(socket.Message, StringComparison.Ordinal))
        {
            text += $" ({socket.Message})";
        }

        text = SecretText.Without(SecretText.Of(text.ReplaceLineEndings(" ").Trim()), address.Password);
        return text.EndsWith('.') || text.EndsWith(')') ? text.TrimEnd('.') + "." : text + ".";
    }

    private static string TimedOut(DatabaseAddress address, string said) =>
        $"Connection timeout: {address.Display} did not answer: {said} {Reasons} Verify the credentials, and if the server is only slow, "
        + "allow a longer time in the URL (connectTimeout, loginTimeout).";

    private static bool IsTimeout(Exception failure) =>
        failure is TimeoutException or SocketException { SocketErrorCode: SocketError.TimedOut }
        || (failure.InnerException is { } inner && IsTimeout(inner))
        || failure.Message.Contains("Timeout", StringComparison.OrdinalIgnoreCase);

    /// <summary>The line where the error stands, with a mark below it.</summary>
    private static string Place(Exception failure, DatabaseAddress address, string? sql)
    {
        var position = failure is DbException database ? address.Dialect.PositionOf(database) : 0;
        if (sql is null || position <= 0 || position > sql.Length)
        {
            return "";
        }

        var start = sql.LastIndexOf('\n', position - 1) + 1;
        var end = sql.IndexOf('\n', position - 1);
        var line = sql[start..(end < 0 ? sql.Length : end)];
        var number = sql.AsSpan(0, start).Count('\n') + 1;
        var before = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"  line {number}: ");
        return $"\n{before}{line}\n{new string(' ', before.Length + position - 1 - start)}^";
    }
}
