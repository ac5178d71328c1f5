using System.Globalization;
using System.Text;

namespace DataFlow.Formats;

/// <summary>Finds encodings by the names that .NET knows.</summary>
internal static class EncodingNames
{
    // .NET finds these by name but leaves them out of its list.
    private static readonly string[] Unlisted =
    [
        "UTF-16LE", "UTF-16BE", "UTF-32LE", "latin1", "ASCII",
        "GB18030", "GBK", "EUC-KR", "EUC-CN", "ISO-2022-JP", "ISO-2022-KR", "HZ-GB-2312",
    ];

    static EncodingNames() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>The encoding with a name or code page number.</summary>
    /// <exception cref="OptionException">There is none; the message has similar names.</exception>
    public static Encoding Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        try
        {
            var trimmed = name.Trim();
            return ushort.TryParse(trimmed, NumberStyles.None, CultureInfo.InvariantCulture, out var codePage) && codePage > 0
                ? Encoding.GetEncoding(codePage)
                : Encoding.GetEncoding(trimmed.Equals("utf8", StringComparison.OrdinalIgnoreCase) ? "utf-8" : trimmed);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            throw new OptionException(
                "encoding",
                $"'{name}' is no text encoding that .NET knows. {Suggestion(name)} "
                + "Others in use are UTF-8, UTF-16, UTF-16BE, ISO-8859-1, windows-1252 and US-ASCII.");
        }
    }

    private static string Suggestion(string name)
    {
        var wanted = Plain(name);
        var near = Encoding.GetEncodings()
            .Select(info => info.Name)
            .Concat(Unlisted)
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Select(known => (Name: known, Distance: Distance(wanted, Plain(known))))
            .Where(candidate => candidate.Distance < wanted.Length && candidate.Distance <= Math.Max(2, wanted.Length / 3))
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.OrdinalIgnoreCase)
            .Select(candidate => candidate.Name)
            .Take(3)
            .ToArray();
        return near.Length == 0 ? "No name is similar." : $"Similar names: {string.Join(", ", near)}.";
    }

    private static string Plain(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();

    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 0; i < left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i + 1;
            for (var j = 0; j < right.Length; j++)
            {
                var replaced = diagonal + (left[i] == right[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(replaced, Math.Min(row[j], row[j + 1]) + 1);
            }
        }

        return row[^1];
    }
}
