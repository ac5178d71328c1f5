using System.Globalization;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>What a cursor is made of.</summary>
internal enum CursorKind : byte
{
    /// <summary>No value: NULL.</summary>
    None,

    /// <summary>A whole or decimal number.</summary>
    Number,

    /// <summary>A date or a date and time, counted in 100 ns from year 1.</summary>
    Moment,

    /// <summary>Any text, compared byte by byte (SQLite).</summary>
    Text,

    /// <summary>Above everything: infinity, NaN. Never a bound.</summary>
    Endless,
}

/// <summary>A value of the incremental column, in the database's own precision. Immutable.</summary>
internal readonly struct CursorValue : IComparable<CursorValue>, IEquatable<CursorValue>
{
    private const long TicksPerSecond = TimeSpan.TicksPerSecond;

    private CursorValue(CursorKind kind, decimal number, string? text, bool hasZone)
    {
        Kind = kind;
        Number = number;
        Text = text ?? "";
        HasZone = hasZone;
    }

    public static CursorValue None => default;

    public static CursorValue Endless => new(CursorKind.Endless, 0, null, false);

    public CursorKind Kind { get; }

    /// <summary>The number, unless it is long, or the 100 ns of a moment.</summary>
    public decimal Number { get; }

    /// <summary>The text of a <see cref="CursorKind.Text"/>, of a long number, and of a moment as somebody wrote it.</summary>
    public string Text { get; }

    /// <summary>True for a number with more digits than a decimal has: it is its text.</summary>
    public bool IsLong => Kind == CursorKind.Number && Text.Length > 0;

    /// <summary>True for an instant: the moment is in UTC.</summary>
    public bool HasZone { get; }

    /// <summary>True for a value that can be a bound.</summary>
    public bool IsBound => Kind is CursorKind.Number or CursorKind.Moment or CursorKind.Text;

    public static CursorValue OfNumber(decimal number) => new(CursorKind.Number, number, null, false);

    /// <summary>A plain number of any length, with all its digits: <c>-12.50</c>.</summary>
    /// <exception cref="FormatException">It is no number.</exception>
    public static CursorValue OfNumber(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length <= ExactNumber.MostDecimalDigits)
        {
            return OfNumber(decimal.Parse(utf8, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture));
        }

        var text = ExactNumber.Normalize(Encoding.ASCII.GetString(utf8));
        return text.Count(char.IsAsciiDigit) <= ExactNumber.MostDecimalDigits
            ? OfNumber(decimal.Parse(text, CultureInfo.InvariantCulture))
            : new(CursorKind.Number, 0, text, false);
    }

    /// <summary>A number of which the shortest digits give the same one again.</summary>
    public static CursorValue OfDouble(double number)
    {
        if (!double.IsFinite(number))
        {
            return Endless;
        }

        // Beyond these sizes the shortest form has an exponent.
        var format = Math.Abs(number) switch { 0 or >= 1e-5 and < 1e15 => "R", < 1 => "F1074", _ => "F0" };
        return OfNumber(Encoding.ASCII.GetBytes(number.ToString(format, CultureInfo.InvariantCulture)));
    }

    public static CursorValue OfText(string text) => new(CursorKind.Text, 0, text, false);

    public static CursorValue OfMoment(long ticks, bool hasZone = false, string? text = null) =>
        new(CursorKind.Moment, ticks, text, hasZone);

    /// <summary>A value that is surely below, however finely the column counts.</summary>
    public CursorValue Below() => Kind switch
    {
        CursorKind.Number when IsLong => OfNumber(Encoding.ASCII.GetBytes(ExactNumber.Below(Text))),
        CursorKind.Number => OfNumber(Number - 1),
        CursorKind.Moment => OfMoment((long)Math.Max(0, Number - TimeSpan.TicksPerDay), HasZone),
        CursorKind.Text when Text.Length > 0 => OfText(Text[..^1] + (char)(Text[^1] - 1)),
        _ => this,
    };

    /// <summary>The value as the database writes it, with as many digits of a second as it counts.</summary>
    public string ToText(int fractionDigits) => Kind switch
    {
        CursorKind.Number when !IsLong => Number.ToString(CultureInfo.InvariantCulture),
        CursorKind.Moment =>
            new DateTime((long)Number).ToString("yyyy-MM-dd HH:mm:ss.fffffff"[..(20 + fractionDigits)], CultureInfo.InvariantCulture),
        _ => Text,
    };

    /// <summary>The value as one number for people: the id, or the Unix seconds.</summary>
    public double ToGauge() => Kind switch
    {
        CursorKind.Number => double.Parse(ToText(0), CultureInfo.InvariantCulture),
        CursorKind.Moment => (double)(Number - DateTime.UnixEpoch.Ticks) / TicksPerSecond,
        _ =>
            DateTime.TryParse(
                Text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? (moment - DateTime.UnixEpoch).TotalSeconds
            : double.NaN,
    };

    /// <summary>The value for the stored position: a letter for its kind, then its text.</summary>
    public string Store() => Kind switch
    {
        CursorKind.Number => "n" + ToText(0),
        CursorKind.Moment => (HasZone ? "z" : "m") + ToText(7),
        CursorKind.Text => "t" + Text,
        CursorKind.Endless => "e",
        _ => "",
    };

    /// <summary>Reads what <see cref="Store"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static CursorValue Restore(string stored) => stored switch
    {
        ['n', .. var number] => OfNumber(Encoding.UTF8.GetBytes(number)),
        ['m' or 'z', .. var moment] => OfMoment(
            DateTime.ParseExact(moment, "yyyy-MM-dd HH:mm:ss.fffffff", CultureInfo.InvariantCulture).Ticks, stored[0] == 'z'),
        ['t', .. var text] => OfText(text),
        "e" => Endless,
        "" => None,
        _ => throw new FormatException($"'{stored}' is no stored value of an incremental column."),
    };

    /// <inheritdoc/>
    public int CompareTo(CursorValue other) => Kind switch
    {
        _ when Kind != other.Kind => Kind.CompareTo(other.Kind),
        CursorKind.Text => string.CompareOrdinal(Text, other.Text),
        _ when IsLong || other.IsLong => ExactNumber.Compare(ExactNumber.Normalize(ToText(0)), ExactNumber.Normalize(other.ToText(0))),
        _ => Number.CompareTo(other.Number),
    };

    /// <inheritdoc/>
    public bool Equals(CursorValue other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is CursorValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, Number, Kind == CursorKind.Moment ? null : Text);

    public static bool operator ==(CursorValue left, CursorValue right) => left.Equals(right);

    public static bool operator !=(CursorValue left, CursorValue right) => !left.Equals(right);

    public static bool operator <(CursorValue left, CursorValue right) => left.CompareTo(right) < 0;

    public static bool operator >(CursorValue left, CursorValue right) => left.CompareTo(right) > 0;

    public static bool operator <=(CursorValue left, CursorValue right) => left.CompareTo(right) <= 0;

    public static bool operator >=(CursorValue left, CursorValue right) => left.CompareTo(right) >= 0;
}
