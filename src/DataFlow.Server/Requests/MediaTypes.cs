using Microsoft.AspNetCore.Http;

namespace DataFlow.Server.Requests;

/// <summary>What bodies may be.</summary>
internal static class MediaTypes
{
    public const string Json = "application/json";
    public const string Yaml = "application/yaml";

    /// <summary>What a pipeline definition may come as.</summary>
    public static IReadOnlyList<string> Definition { get; } = [Yaml, "text/yaml", "application/x-yaml", "text/x-yaml", Json];

    /// <summary>True when the caller asks for YAML, and for it before JSON.</summary>
    public static bool PrefersYaml(HttpRequest request)
    {
        var wanted = request.GetTypedHeaders().Accept
            .OrderByDescending(type => type.Quality ?? 1)
            .FirstOrDefault(type => Definition.Contains(type.MediaType.Value ?? "", StringComparer.OrdinalIgnoreCase));
        return wanted is not null && !wanted.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase);
    }
}
