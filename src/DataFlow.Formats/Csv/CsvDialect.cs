using System.Buffers;
using System.Text;

namespace DataFlow.Formats;

/// <summary>What separates and quotes fields, as bytes. Immutable, thread-safe.</summary>
internal sealed class CsvDialect
{
    /// <summary>A quoted field that is longer was never closed.</summary>
    public const int MaxQuotedBytes = 1 << 20;

    /// <exception cref="OptionException">Delimiter, quote or separator can't be told from each other.</exception>
    public CsvDialect(FormatOptions options)
    {
        Options = options;
        Separator = LineSeparator.Parse(options.RecordSeparator);
        Delimiter = Encoding.UTF8.GetBytes(options.Delimiter.Replace("\\t", "\t", StringComparison.Ordinal));
        Quote = Encoding.UTF8.GetBytes(options.Quote);
        Escape = Quote.Length == 0 ? [] : Encoding.UTF8.GetBytes(options.Escape);
        Comment = Encoding.UTF8.GetBytes(options.Comment);
        NullToken = options.NullToken is null ? null : Encoding.UTF8.GetBytes(options.NullToken);
        MaxLineBytes = (int)options.MaxLineBytes.Bytes;
        Validate();
        DoublesQuotes = Escape.AsSpan().SequenceEqual(Quote);
        UnquotedStops = SearchValues.Create([Delimiter[0], Separator.Bytes[0], .. Quote.Take(1)]);
        QuotedStops = SearchValues.Create([Separator.Bytes[0], .. Quote.Take(1), .. Escape.Take(1)]);
    }

    /// <summary>The options it was made from.</summary>
    public FormatOptions Options { get; }

    /// <summary>What ends a record, and what counts as a line.</summary>
    public LineSeparator Separator { get; }

    /// <summary>What separates fields.</summary>
    public byte[] Delimiter { get; }

    /// <summary>What stands around quoted fields; empty when quoting is off.</summary>
    public byte[] Quote { get; }

    /// <summary>What makes a quote part of a quoted field; may be empty.</summary>
    public byte[] Escape { get; }

    /// <summary>What lines start with that are left out; may be empty.</summary>
    public byte[] Comment { get; }

    /// <summary>The unquoted text that means null; null when no text does.</summary>
    public byte[]? NullToken { get; }

    /// <summary>The longest record without its separator.</summary>
    public int MaxLineBytes { get; }

    /// <summary>Quotes in quoted fields are doubled.</summary>
    public bool DoublesQuotes { get; }

    /// <summary>First bytes of what ends an unquoted field or is odd in it.</summary>
    public SearchValues<byte> UnquotedStops { get; }

    /// <summary>First bytes of what matters in a quoted field.</summary>
    public SearchValues<byte> QuotedStops { get; }

    /// <summary>
    /// True when <see cref="CsvFastScan"/> reads rows of so many columns as <see cref="CsvRowScanner"/> does. With
    /// <c>trim</c>, a line of blanks would be a row of one column, though it is a blank line.
    /// </summary>
    public bool IsFast(int columns) =>
        Delimiter is [< 0x80]
        && Separator is { Length: 1, TakesReturn: true }
        && (Quote.Length == 0 || (Quote is [(byte)'"'] && DoublesQuotes))
        && Comment.Length == 0
        && !(Options.Trim && columns == 1);

    /// <summary>Where the first byte is that is no blank. A blank that delimits is none.</summary>
    public int SkipBlanks(ReadOnlySpan<byte> data, int at)
    {
        while (at < data.Length && data[at] is (byte)' ' or (byte)'\t'
            && !StartsWith(data, at, Delimiter) && !StartsWith(data, at, Separator.Bytes))
        {
            at++;
        }

        return at;
    }

    /// <summary>True when the text stands there.</summary>
    public static bool StartsWith(ReadOnlySpan<byte> data, int at, ReadOnlySpan<byte> text) =>
        text.Length == 1 ? at < data.Length && data[at] == text[0] : at <= data.Length && data[at..].StartsWith(text);

    /// <summary>True when what is visible of the text stands there, but not all of it is visible.</summary>
    public static bool MayStart(ReadOnlySpan<byte> data, int at, ReadOnlySpan<byte> text) =>
        data.Length - at < text.Length && text.StartsWith(data[at..]);

    private void Validate()
    {
        if (Delimiter.Length == 0)
        {
            throw new OptionException("delimiter", "The delimiter is empty; give one or more characters, such as ',' or '\\t'.");
        }

        if (Delimiter.AsSpan().IndexOf(Separator.Bytes) >= 0 || (Separator.TakesReturn && Delimiter.Contains((byte)'\r')))
        {
            throw new OptionException(
                "delimiter", "The delimiter holds the record-separator, so that rows can't be told from fields; choose another one.");
        }

        if (Quote.Length > 0 && Delimiter.AsSpan().IndexOf(Quote) >= 0)
        {
            throw new OptionException(
                "delimiter",
                $"The delimiter holds the quote '{Options.Quote}'; choose another one, or an empty quote to switch quoting off.");
        }

        if (Quote.Length > 0 && Separator.Bytes.IndexOf(Quote) >= 0)
        {
            throw new OptionException("quote", $"The quote '{Options.Quote}' is part of the record-separator; choose another one.");
        }
    }
}
