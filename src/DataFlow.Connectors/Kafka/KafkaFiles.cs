namespace DataFlow.Connectors;

/// <summary>Finds the files, libraries and commands that properties of the client library name.</summary>
internal static class KafkaFiles
{
    private const string Key = "options.client";

    private static readonly string[] FileEnds = [".location", ".file", ".keytab", ".path"];
    private static readonly string[] CodeEnds = [".paths", ".cmd", ".providers", ".engine.location"];

    /// <summary>What they name. A list of libraries and a command are named as they stand: no folder holds them.</summary>
    public static IEnumerable<NamedFile> In(KafkaClientOptions options) => options.Client
        .Select(pair => EndsWith(pair.Key, CodeEnds) ? new NamedFile(Key, pair.Value, IsCode: true)
            : EndsWith(pair.Key, FileEnds) ? new NamedFile(Key, pair.Value)
            : default)
        .Where(file => file.Path is { Length: > 0 });

    private static bool EndsWith(string name, string[] ends) => ends.Any(end => name.EndsWith(end, StringComparison.Ordinal));
}
