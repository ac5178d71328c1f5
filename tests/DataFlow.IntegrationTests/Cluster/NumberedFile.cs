using System.Text.Json;

namespace DataFlow.IntegrationTests.Cluster;

/// <summary>A file of records that the test source has numbered.</summary>
internal static class NumberedFile
{
    /// <summary>Fails unless the file holds the records 1 to n, each once and in order, and the counters say n.</summary>
    public static void Assert(string path, RecordCounters counters)
    {
        var numbers = File.ReadLines(path).Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("sequence").GetInt64();
        }).ToList();
        Xunit.Assert.Equal(Enumerable.Range(1, numbers.Count).Select(number => (long)number), numbers);
        Xunit.Assert.Equal((numbers.Count, 0), (counters.Delivered, counters.Unaccounted));
    }
}
