using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Csv;

/// <summary>Short ways to read a text as CSV.</summary>
internal static class Csv
{
    public static readonly FormatOptions NoHeader = new() { HasHeader = false };

    public static ReaderRun Read(string text, FormatOptions? options = null) =>
        ReaderRun.Of(new CsvRecordReader(options ?? new FormatOptions()), text);

    /// <summary>Records, then errors as reason and line.</summary>
    public static string[] Outcome(string text, FormatOptions? options = null)
    {
        var run = Read(text, options);
        return [.. run.Records, .. run.Errors.Select(error => $"{error.Reason} at {error.Offset}")];
    }

    public static string Failure(string text, FormatOptions options) =>
        Assert.Throws<ConnectorException>(() => Read(text, options)).Message;
}
