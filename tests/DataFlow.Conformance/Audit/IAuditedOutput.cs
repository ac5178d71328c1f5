using System.Runtime.CompilerServices;
using System.Text.Json;

namespace DataFlow.Conformance;

/// <summary>What a pipeline from the test source with <c>audit: true</c> has written: a file, a table, a topic.</summary>
public interface IAuditedOutput
{
    /// <summary>
    /// The records in the order of the output, each as its fields in their order: name and plain text. An empty text stands for
    /// null too.
    /// </summary>
    IAsyncEnumerable<IReadOnlyList<KeyValuePair<string, string>>> ReadAsync(CancellationToken ct);
}

/// <summary>An NDJSON file.</summary>
/// <param name="path">The file.</param>
public sealed class NdjsonOutput(string path) : IAuditedOutput
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyList<KeyValuePair<string, string>>> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var line in File.ReadLinesAsync(path, ct))
        {
            using var document = JsonDocument.Parse(line);
            yield return
            [
                .. document.RootElement.EnumerateObject().Select(field => KeyValuePair.Create(
                    field.Name,
                    field.Value.ValueKind switch
                    {
                        JsonValueKind.Null => "",
                        JsonValueKind.String => field.Value.GetString()!,
                        _ => field.Value.GetRawText(),
                    })),
            ];
        }
    }
}
