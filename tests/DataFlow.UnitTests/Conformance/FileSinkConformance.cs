using System.Text.Json;
using DataFlow.Conformance;
using DataFlow.UnitTests.Connectors;

namespace DataFlow.UnitTests.Conformance;

public sealed class FileSinkConformance : SinkConformance<FileSinkFixture>;

/// <summary>An NDJSON file in a folder of its own.</summary>
public sealed class FileSinkFixture : ISinkFixture
{
    private readonly TempFolder _folder = new();
    private readonly ConfiguredSink _sink;

    public FileSinkFixture() => _sink = ConfiguredSink.Of(BuiltInCatalogue.Instance, Yaml(_folder["out.ndjson"]));

    public static string Kind => "file";

    public static Waivers Waivers { get; } = Waivers.Of(
        ("A_row_that_the_target_refuses_is_returned_and_the_others_are_written", "NDJSON takes every row: FileSinkTests shows refused ones with CSV."),
        ("A_target_that_does_not_answer_is_an_external_fault_that_may_pass", "A file has no other side: FileSinkTests shows the full disk."),
        ("Its_secrets_are_in_no_message_and_no_log", "The file sink has no secret options."));

    public SinkCapabilities Capabilities => _sink.Capabilities;

    public ISink Create() => _sink.Create();

    public ISink CreateRefused()
    {
        _folder.Write("theirs.ndjson", "not ours\n");
        return ConfiguredSink.Of(BuiltInCatalogue.Instance, Yaml(_folder["theirs.ndjson"])).Create();
    }

    public async ValueTask<IReadOnlyList<long>> ReadAsync(CancellationToken ct) =>
        [.. (await File.ReadAllLinesAsync(_folder["out.ndjson"], ct)).Select(line => Number(JsonDocument.Parse(line).RootElement.GetProperty("n")))];

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private static long Number(JsonElement n) => n.ValueKind == JsonValueKind.Number ? n.GetInt64() : long.Parse(n.GetString()!);

    private static string Yaml(string path) => $"{{ type: file, connection: '{path}', options: {{ format: ndjson }} }}";
}
