using System.Globalization;

namespace DataFlow;

/// <summary>
/// The configuration of a source, as every user writes it: in YAML, or in C# for <c>Source.Create</c>. Immutable; copy it
/// with <c>with { }</c>. Printed, it hides passwords, tokens and keys.
/// </summary>
public sealed record SourceConfig
{
    private static readonly string[] SecretNames = ["password", "passphrase", "pwd", "token", "secret", "key", "credential", "authorization"];

    /// <summary>The source kind: a name of the catalogue, in any case. See <see cref="SourceType"/>.</summary>
    public required string SourceType { get; init; }

    /// <summary>Where to connect: file path, bootstrap servers, URL, or <c>test</c>.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>Options of the source kind, by their kebab-case names.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>Most records per batch. At least 1.</summary>
    public int BatchSize { get; init; } = 1000;

    /// <summary>Pause between polls, in milliseconds.</summary>
    public long PollIntervalMs { get; init; } = 1000;

    /// <summary>The configuration for people: without passwords, tokens and keys.</summary>
    public override string ToString() =>
        $"SourceConfig {{ SourceType = {SourceType}, ConnectionString = {ConnectionDisplay.Of(ConnectionString)}, "
        + $"Options = {{ {string.Join(", ", Options.Select(Shown))} }}, "
        + string.Create(CultureInfo.InvariantCulture, $"BatchSize = {BatchSize}, PollIntervalMs = {PollIntervalMs} }}");

    // Which options are secret is known to the kind, not here: their names decide.
    private static string Shown(KeyValuePair<string, string> option) =>
        SecretNames.Any(name => option.Key.Contains(name, StringComparison.OrdinalIgnoreCase) || IsMapWith(name, option.Value))
            ? $"{option.Key} = {ConnectionDisplay.Mask}"
            : $"{option.Key} = {ConnectionDisplay.Of(option.Value)}";

    private static bool IsMapWith(string name, string value) =>
        value.AsSpan().TrimStart().StartsWith("{") && value.Contains(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>The names of the built-in source kinds.</summary>
public static class SourceType
{
    /// <summary>Files: CSV, JSON, text.</summary>
    public const string File = "file";

    /// <summary>Kafka topics.</summary>
    public const string Kafka = "kafka";

    /// <summary>REST APIs.</summary>
    public const string Api = "api";

    /// <summary>WebSocket streams.</summary>
    public const string WebSocket = "websocket";

    /// <summary>SQL databases.</summary>
    public const string Database = "database";

    /// <summary>Records that programs send to a service.</summary>
    public const string Push = "push";

    /// <summary>Generated records.</summary>
    public const string Test = "test";
}
