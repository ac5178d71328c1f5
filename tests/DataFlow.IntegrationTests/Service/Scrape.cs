using System.Globalization;

namespace DataFlow.IntegrationTests.Service;

/// <summary>What <c>/metrics</c> has said once, in the format of Prometheus.</summary>
internal sealed class Scrape(string text)
{
    private readonly List<(string Name, string Labels, double Value)> _series = [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(Series)];

    /// <summary>Names of all series.</summary>
    public IReadOnlySet<string> Names => _series.Select(series => series.Name).ToHashSet();

    /// <summary>The sum of the series that have these labels, each written as <c>name="value"</c>; null when there is none.</summary>
    public double? this[string name, params string[] labels]
    {
        get
        {
            var found = _series.Where(series => series.Name == name && labels.All(label => series.Labels.Contains(label, StringComparison.Ordinal))).ToList();
            return found.Count == 0 ? null : found.Sum(series => series.Value);
        }
    }

    // name{label="value",...} value [timestamp]
    private static (string Name, string Labels, double Value) Series(string line)
    {
        var brace = line.IndexOf('{');
        var end = brace < 0 ? line.IndexOf(' ') : line.LastIndexOf('}') + 1;
        var value = line[end..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return (brace < 0 ? line[..end] : line[..brace], brace < 0 ? "" : line[brace..end], value switch
        {
            "NaN" => double.NaN,
            "+Inf" => double.PositiveInfinity,
            _ => double.Parse(value, CultureInfo.InvariantCulture),
        });
    }
}
