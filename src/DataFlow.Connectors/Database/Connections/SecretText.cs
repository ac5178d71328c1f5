using System.Text.RegularExpressions;

namespace DataFlow.Connectors;

/// <summary>Connections and error messages for people to read: the same text without passwords.</summary>
internal static partial class SecretText
{
    private const string Mask = "***";

    /// <summary>The text with every password replaced by <c>***</c>.</summary>
    public static string Of(string text) => Named().Replace(Login().Replace(text, $"$1{Mask}@"), $"$1{Mask}");

    /// <summary>The text without a password that is known.</summary>
    public static string Without(string text, string password) =>
        password.Length < 3 ? text : text.Replace(password, Mask, StringComparison.Ordinal);

    // //user:password@host and Oracle's thin:user/password@host.
    [GeneratedRegex(@"((?://[^:/?#@;]*:|thin:[^/@:]+/)(?!\d+(?:[/?#,;]|\z)))[^\s]*@")]
    private static partial Regex Login();

    [GeneratedRegex(
        @"((?:^|[?&;\s])[A-Za-z0-9_. -]*(?:password|passphrase|pwd|token|secret)\s*=\s*)(?:\{(?:[^}]|\}\})*\}|""[^""]*""|'[^']*'|[^&;\s]*)",
        RegexOptions.IgnoreCase)]
    private static partial Regex Named();
}
