using System.Text.RegularExpressions;

namespace DataFlow;

/// <summary>Connections for people to read: the same text without passwords, tokens and keys.</summary>
public static partial class ConnectionDisplay
{
    /// <summary>Stands in for a secret.</summary>
    public const string Mask = "***";

    /// <summary>The connection with every password, token and key replaced by <c>***</c>.</summary>
    public static string Of(string connection) =>
        NamedSecret().Replace(UserInfo().Replace(connection, $"$1{Mask}@"), $"$1{Mask}");

    // scheme://user:password@host. A password may hold '@', ':' and '/' itself, so everything up to the last '@' counts, except
    // after a port.
    [GeneratedRegex(@"((?:^|,)(?:[A-Za-z][A-Za-z0-9+.:-]*:)?//[^:/?#@,]*:)(?!\d+(?:[/?#,]|\z))\S*@")]
    private static partial Regex UserInfo();

    // password=..., pwd=..., access_token=... in queries and in lists that are separated by ';' or '&'.
    [GeneratedRegex(
        @"((?:^|[?&;,\s/@(])[A-Za-z0-9_. -]*"
            + @"(?:password|passwd|passphrase|pwd|token|secret|signature|credential|(?:api|access|account)[-_]?key|\bsig)"
            + @"\s*=\s*)(?:""[^""]*""|'[^']*'|[^&;,#\s)]*)",
        RegexOptions.IgnoreCase)]
    private static partial Regex NamedSecret();
}
