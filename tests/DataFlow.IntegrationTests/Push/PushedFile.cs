using System.Text.Json;

namespace DataFlow.IntegrationTests.Push;

/// <summary>A file of records with the fields <c>producer</c> and <c>number</c>.</summary>
internal static class PushedFile
{
    public static IReadOnlyList<(string Producer, int Number)> Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        var text = reader.ReadToEnd();

        // A line is whole when its end is there.
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            var number = json.RootElement.GetProperty("number");
            return (json.RootElement.GetProperty("producer").GetString()!, number.ValueKind == JsonValueKind.String ? int.Parse(number.GetString()!, null) : number.GetInt32());
        })];
    }

    /// <summary>Fails unless the file holds the numbers from 1 on of each producer, each once and in order, and nothing else.</summary>
    public static void AssertExact(string path, params (string Producer, int Count)[] expected)
    {
        var records = Read(path);
        foreach (var (producer, count) in expected)
        {
            Assert.Equal(Enumerable.Range(1, count), records.Where(record => record.Producer == producer).Select(record => record.Number));
        }

        Assert.Equal(expected.Sum(producer => producer.Count), records.Count);
    }
}
