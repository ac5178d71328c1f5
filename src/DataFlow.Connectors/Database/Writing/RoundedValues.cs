using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>
/// Finds the values that a database would round or cut without a word, as SQL allows it: digits after the point and parts of a second
/// that a column doesn't keep, and the time of day in a date. Their rows are refused. Floating-point columns are what they are.
/// </summary>
internal sealed class RoundedValues
{
    private const int Unlimited = -1;

    private readonly WriteTarget _target;
    private readonly int[] _digits;

    public RoundedValues(WriteTarget target, Dialect dialect)
    {
        _target = target;
        _digits = [.. target.Table.Columns.Select((column, index) =>
            target.Options.OnRounding == RoundingPolicy.Allow ? Unlimited : dialect.DigitsOf(column, target.Table.Formats[index]) ?? Unlimited)];
    }

    /// <summary>The rows of a run that keep all their digits; the others are added to those that are refused.</summary>
    public ReadOnlyMemory<int> Refuse(RowRun run, ReadOnlyMemory<int> rows, List<RefusedRow> refused)
    {
        int[] fields = [.. Enumerable.Range(0, run.Columns.Length).Where(field => _digits[run.Columns[field]] != Unlimited)];
        if (fields.Length == 0)
        {
            return rows;
        }

        List<int>? kept = null;
        for (var index = 0; index < rows.Length; index++)
        {
            var row = rows.Span[index];
            if (ProblemOf(run, row, fields) is { } problem)
            {
                kept ??= [.. rows[..index].Span];
                refused.Add(new RefusedRow(row, RefusalReason.Value, problem));
            }
            else
            {
                kept?.Add(row);
            }
        }

        return kept is null ? rows : kept.ToArray();
    }

    private string? ProblemOf(RowRun run, int row, int[] fields)
    {
        foreach (var field in fields)
        {
            var column = run.Columns[field];
            if (_target.TryText(run.Batch, row, run.Fields[field], column, out var text) && !Fits(text, column))
            {
                var its = _target.Table.Columns[column];
                return $"The table {_target.Table.Name} would round the value {Encoding.UTF8.GetString(text)} of {its.ColumnName}, "
                    + string.Create(CultureInfo.InvariantCulture, $"a {its.DataTypeName} that keeps {_digits[column]} digits after the point. ")
                    + "Give the column more digits, or the record fewer, or write on-rounding: allow.";
            }
        }

        return null;
    }

    private bool Fits(ReadOnlySpan<byte> text, int column) => _target.Table.Formats[column] switch
    {
        ColumnFormat.Date or ColumnFormat.MySqlDate => !HasTimeOfDay(text),
        ColumnFormat.Timestamp or ColumnFormat.TimestampTz or ColumnFormat.MySqlMoment or ColumnFormat.Time or ColumnFormat.Interval =>
            text.LastIndexOf((byte)'.') is var point && (point < 0 || !text[..point].Contains((byte)':') || LengthOf(text[(point + 1)..]) <= _digits[column]),
        _ => FractionOf(text) <= _digits[column],
    };

    /// <summary>True for a time of day other than midnight; a zone is none.</summary>
    private static bool HasTimeOfDay(ReadOnlySpan<byte> moment)
    {
        var colon = moment.IndexOf((byte)':');
        var start = colon < 0 ? 0 : moment[..colon].LastIndexOfAnyExceptInRange((byte)'0', (byte)'9') + 1;
        if (colon < 0 || (start > 0 && moment[start - 1] is (byte)'+' or (byte)'-'))
        {
            return false;
        }

        var time = moment[start..];
        var end = time.IndexOfAnyExcept("0123456789:."u8);
        return (end < 0 ? time : time[..end]).ContainsAnyInRange((byte)'1', (byte)'9');
    }

    /// <summary>Digits up to the last that is not zero.</summary>
    private static int LengthOf(ReadOnlySpan<byte> fraction)
    {
        var end = fraction.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return (end < 0 ? fraction : fraction[..end]).TrimEnd((byte)'0').Length;
    }

    /// <summary>Places after the point that a number takes; below zero for a multiple of ten.</summary>
    private static int FractionOf(ReadOnlySpan<byte> number)
    {
        var point = number.IndexOf((byte)'.');
        var exponentAt = number.IndexOfAny((byte)'e', (byte)'E');
        if (exponentAt < 0)
        {
            return point < 0 ? 0 : LengthOf(number[(point + 1)..]);
        }

        var digits = number[..exponentAt];
        if (!digits.ContainsAnyInRange((byte)'1', (byte)'9')
            || !Utf8Parser.TryParse(number[(exponentAt + 1)..].TrimStart((byte)'+'), out int exponent, out _))
        {
            return 0;
        }

        var fraction = point < 0 ? 0 : LengthOf(digits[(point + 1)..]);
        if (fraction == 0)
        {
            var whole = point < 0 ? digits : digits[..point];
            fraction = whole.TrimEnd((byte)'0').Length - whole.Length;
        }

        return fraction - exponent;
    }
}
