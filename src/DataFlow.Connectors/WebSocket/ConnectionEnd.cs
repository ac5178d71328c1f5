using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>Why a connection has ended, and what follows from it.</summary>
/// <param name="Reason">A sentence.</param>
/// <param name="IsFinal">Connecting again does not help.</param>
/// <param name="ServerRestarts">The server has asked for time.</param>
internal sealed record ConnectionEnd(string Reason, bool IsFinal = false, bool ServerRestarts = false)
{
    private const int NormalClosure = 1000;
    private const int ServiceRestart = 1012;
    private const int TryAgainLater = 1013;

    /// <summary>The end of a connection that the server has closed.</summary>
    /// <param name="code">Its close code; null when it gave none.</param>
    /// <param name="description">What it says about it.</param>
    /// <param name="options">Know the codes that are final.</param>
    public static ConnectionEnd Of(int? code, string? description, WebSocketSourceOptions options)
    {
        if (code is null)
        {
            return new ConnectionEnd("The server closed the connection without a close code.");
        }

        var text = code.Value.ToString(CultureInfo.InvariantCulture);
        var said = string.IsNullOrWhiteSpace(description) ? "" : $" and says: {description.Trim().TrimEnd('.')}";
        var reason = $"The server closed the connection with code {text} ({Meaning(code.Value)}){said}.";
        return options.StopOnCloseCodes.Contains(text)
            ? new ConnectionEnd($"{reason} Connecting again would not help: {Advice(code.Value)}, or take {text} out of stop-on-close-codes.", IsFinal: true)
            : new ConnectionEnd(reason, ServerRestarts: code is ServiceRestart or TryAgainLater);
    }

    private static string Advice(int code) => code switch
    {
        1003 => "check what subscribe sends",
        1008 or 4401 or 4403 => "check auth-type, auth-token and what this account may read",
        _ => "ask the server's operator what this code means",
    };

    private static string Meaning(int code) => code switch
    {
        NormalClosure => "normal closure",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1007 => "invalid data",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "extension missing",
        1011 => "internal error",
        ServiceRestart => "service restart",
        TryAgainLater => "try again later",
        1014 => "bad gateway",
        4401 => "not authenticated",
        4403 => "forbidden",
        _ => code < 4000 ? "reserved" : "the server's own",
    };
}
