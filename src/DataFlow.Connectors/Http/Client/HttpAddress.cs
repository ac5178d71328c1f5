using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace DataFlow.Connectors;

/// <summary>Addresses: what is one, how parameters get into it, and how it is shown.</summary>
internal static partial class HttpAddress
{
    private const string Mask = "***";

    /// <summary>What is wrong with an address, as a sentence; null when nothing is.</summary>
    public static string? Problem(string address) =>
        !Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0
            ? $"'{Show(address)}' is no address of a web server; write it with its scheme, such as https://api.example.com/users."
            : null;

    /// <summary>True when a header can be sent.</summary>
    public static bool IsHeader(string name, string value) =>
        HeaderName().IsMatch(name) && value.AsSpan().IndexOfAny('\r', '\n', '\0') < 0;

    /// <summary>The address with query parameters added; one that is there already is replaced, all others stay as they are.</summary>
    public static Uri With(Uri address, IEnumerable<(string Name, string Value)> parameters)
    {
        var added = parameters.ToList();
        if (added.Count == 0)
        {
            return address;
        }

        var names = added.Select(parameter => Uri.EscapeDataString(parameter.Name)).ToHashSet(StringComparer.Ordinal);
        var kept = address.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Where(pair => !names.Contains(pair.Split('=')[0]));
        var query = string.Join('&', kept.Concat(added.Select(parameter =>
            $"{Uri.EscapeDataString(parameter.Name)}={Uri.EscapeDataString(parameter.Value)}")));
        return new Uri($"{address.GetLeftPart(UriPartial.Path)}?{query}{address.Fragment}");
    }

    /// <summary>True when both addresses are on the same server: scheme, host and port.</summary>
    public static bool IsSameServer(Uri one, Uri other) =>
        one.Port == other.Port
        && one.Scheme.Equals(other.Scheme, StringComparison.OrdinalIgnoreCase)
        && one.Host.Equals(other.Host, StringComparison.OrdinalIgnoreCase);

    /// <summary>The address for people: without user information and the values of parameters that look like secrets.</summary>
    public static string Show(Uri address) => Show(address.AbsoluteUri);

    /// <summary>A text for people: without user information and the values of parameters that look like secrets.</summary>
    public static string Show(string text)
    {
        var shown = text.Contains('@', StringComparison.Ordinal) ? UserInfo().Replace(text, $"$1{Mask}@") : text;
        return shown.Contains('=', StringComparison.Ordinal) ? SecretParameter().Replace(shown, $"$1{Mask}") : shown;
    }

    /// <summary>Adds a header wherever .NET wants it: a content header of a request without content goes along all the same.</summary>
    public static void AddHeader(HttpRequestMessage request, string name, string value)
    {
        if (IsContentHeader(name))
        {
            request.Content ??= new ByteArrayContent([]);
            request.Content.Headers.Remove(name);
            request.Content.Headers.TryAddWithoutValidation(name, value);
            return;
        }

        request.Headers.Remove(name);
        request.Headers.TryAddWithoutValidation(name, value);
    }

    private static bool IsContentHeader(string name) =>
        name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) || name.ToLowerInvariant() is "allow" or "expires" or "last-modified";

    /// <summary>The value of <c>Authorization: Basic</c>.</summary>
    public static AuthenticationHeaderValue Basic(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    [GeneratedRegex("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
    private static partial Regex HeaderName();

    [GeneratedRegex("(//)[^/?#@]*@")]
    private static partial Regex UserInfo();

    [GeneratedRegex(
        "([?&][^=&#]*(?:password|passwd|pwd|token|secret|signature|credential|key|auth|\\bsig|\\bcode)[^=&#]*=)[^&#\\s]*", RegexOptions.IgnoreCase)]
    private static partial Regex SecretParameter();
}
