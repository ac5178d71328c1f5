namespace DataFlow.IntegrationTests.Service;

/// <summary>Pipelines that need nothing but a folder.</summary>
internal static class Definitions
{
    /// <summary>Generates for ever.</summary>
    public static string Endless(string name, int perSecond = 200, string more = "") => $$"""
        name: {{name}}
        source:
          type: test
          options: { records-per-second: {{perSecond}}, audit: true }
          batch-size: 20
        sink:
          type: file
          connection: {{name}}.ndjson
        commit-interval: 50ms
        {{more}}
        """;

    /// <summary>Reads a CSV file to its end.</summary>
    public static string Csv(string name, string file, string more = "") => $$"""
        name: {{name}}
        source:
          type: file
          connection: {{file}}
          options: { format: csv }
        sink:
          type: file
          connection: {{name}}.ndjson
        {{more}}
        """;
}
