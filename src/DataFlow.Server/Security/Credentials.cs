using Microsoft.AspNetCore.Http;

namespace DataFlow.Server;

/// <summary>What a request brings to be let in.</summary>
internal static class Credentials
{
    /// <summary>The header that holds a key and nothing else.</summary>
    public const string KeyHeader = "X-Api-Key";

    private const string Bearer = "Bearer ";

    /// <summary>The key or token; null when there is none.</summary>
    public static string? In(HttpRequest request)
    {
        if (request.Headers[KeyHeader].ToString() is { Length: > 0 } key)
        {
            return key.Trim();
        }

        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim() : null;
    }

    /// <summary>True when it is a key and no token.</summary>
    public static bool IsKey(HttpRequest request, string credentials) =>
        request.Headers.ContainsKey(KeyHeader) || credentials.StartsWith(KeySecret.Prefix, StringComparison.Ordinal);
}
