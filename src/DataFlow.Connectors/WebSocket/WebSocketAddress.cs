using System.Text.RegularExpressions;

namespace DataFlow.Connectors;

/// <summary>The address of the server: what can be one, how cursor and token get into it, and how people see it.</summary>
internal static partial class WebSocketAddress
{
    private const string Mask = "***";

    /// <summary>What is wrong with an address, as a sentence; null when nothing is.</summary>
    public static string? Problem(string address, WebSocketSourceOptions options)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("ws" or "wss") || uri.Host.Length == 0)
        {
            return $"'{Show(address)}' is no address of a WebSocket server; write it with its scheme, such as wss://stream.example.com/events.";
        }

        return HasCursor(address) && options.CursorPath.Length == 0
            ? $"The address contains {WebSocketOptionRules.CursorPlaceholder}, so cursor-path must say where the cursor stands in a message."
            : null;
    }

    /// <summary>True when a new connection can go on where the last one ended.</summary>
    public static bool ResumesFromCursor(string address, WebSocketSourceOptions options) =>
        options.CursorPath.Length > 0 && (HasCursor(address) || options.Subscribe.Any(HasCursor));

    /// <summary>The address to connect to.</summary>
    /// <param name="address">As it was configured.</param>
    /// <param name="cursor">Put in place of <c>{{cursor}}</c>, encoded.</param>
    /// <param name="parameter">A parameter to add, or null.</param>
    public static Uri Of(string address, string cursor, (string Name, string Value)? parameter)
    {
        var uri = new UriBuilder(address.Replace(WebSocketOptionRules.CursorPlaceholder, Uri.EscapeDataString(cursor), StringComparison.Ordinal));
        if (parameter is { } added)
        {
            var name = Uri.EscapeDataString(added.Name);
            var kept = uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Where(pair => pair.Split('=')[0] != name);
            uri.Query = string.Join('&', kept.Append($"{name}={Uri.EscapeDataString(added.Value)}"));
        }

        return uri.Uri;
    }

    /// <summary>A text for people: without user information and without values of parameters that look like secrets.</summary>
    public static string Show(string text) => SecretParameter().Replace(UserInfo().Replace(text, $"$1{Mask}@"), $"$1{Mask}");

    private static bool HasCursor(string text) => text.Contains(WebSocketOptionRules.CursorPlaceholder, StringComparison.Ordinal);

    [GeneratedRegex("(//)[^/?#@]*@")]
    private static partial Regex UserInfo();

    [GeneratedRegex("([?&][^=&#]*(?:password|passwd|pwd|token|secret|signature|credential|key|auth)[^=&#]*=)[^&#\\s]*", RegexOptions.IgnoreCase)]
    private static partial Regex SecretParameter();
}
