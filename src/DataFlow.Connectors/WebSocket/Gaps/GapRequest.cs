using System.Globalization;
using System.Text.Json;

namespace DataFlow.Connectors;

/// <summary>Makes the request for a gap: its values in place of the placeholders.</summary>
internal static class GapRequest
{
    public const string Last = "last";
    public const string Next = "next";

    /// <summary>What can stand in braces.</summary>
    public static readonly IReadOnlyList<string> Names = [Last, Next, "from", "to", "from-ms", "to-ms"];

    /// <summary>Those that say where the gap ends.</summary>
    public static readonly IReadOnlyList<string> Ends = [Next, "to", "to-ms"];

    private static readonly SourceGap SampleGap = new(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 0, 0, null, "");

    /// <summary>An address as it would be asked for.</summary>
    public static string Sample(string connection) => Fill(connection, SampleGap, TimeSpan.Zero, Uri.EscapeDataString);

    /// <summary>Why a gap can't be asked for, as the end of a sentence; null when it can.</summary>
    public static string? Hindrance(GapFillOptions options, SourceGap gap)
    {
        if (!options.Asks(Last) && !options.Asks(Next))
        {
            return null;
        }

        return gap.Last is null ? "it has no sequence number before it"
            : gap.Next <= gap.Last ? "its numbers begin anew, so that {{last}} and {{next}} don't enclose it; ask by {{from}} and {{to}}"
            : null;
    }

    /// <summary>The settings of the source that reads what the gap has cost.</summary>
    public static SourceSettings For(SourceSettings stream, GapFillOptions options, SourceGap gap) => stream with
    {
        Connection = Fill(options.Connection, gap, options.Margin, Uri.EscapeDataString),
        ConfiguredConnection = options.Connection,
        Options = options.Options with { Body = Fill(options.Options.Body, gap, options.Margin, text => JsonEncodedText.Encode(text).ToString()) },
    };

    private static string Fill(string template, SourceGap gap, TimeSpan margin, Func<string, string> escape) => Names.Aggregate(template, (text, name) =>
        ApiRequestBody.Has(text, name) ? text.Replace($"{{{{{name}}}}}", escape(ValueOf(name, gap, margin)), StringComparison.Ordinal) : text);

    private static string ValueOf(string name, SourceGap gap, TimeSpan margin) => name switch
    {
        Last => $"{gap.Last}",
        Next => $"{gap.Next}",
        "from" => Time(gap.From - margin),
        "to" => Time(gap.To + margin),
        "from-ms" => Milliseconds(gap.From - margin),
        _ => Milliseconds(gap.To + margin),
    };

    private static string Time(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Milliseconds(DateTimeOffset moment) => moment.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
}
