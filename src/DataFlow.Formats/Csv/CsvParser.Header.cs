using System.Text;
using System.Text.Unicode;

namespace DataFlow.Formats;

/// <content>The header. A header that can't be trusted ends the run: every row would be named wrongly.</content>
internal sealed partial class CsvParser
{
    /// <summary>Takes the rows of the header, all or none.</summary>
    /// <returns>False when more bytes are needed.</returns>
    /// <exception cref="ConnectorException">The header can't be trusted.</exception>
    public bool TakeHeader()
    {
        var rows = new List<string[]>();
        var repaired = 0;
        var start = (At, Line);
        while (rows.Count < _options.HeaderRows && At < _batch.Length)
        {
            if (PassIgnored())
            {
                if (InDroppedLine)
                {
                    break;
                }
            }
            else if (!TryScan(out var row, out var problem))
            {
                break;
            }
            else if (problem == CsvProblem.None && IsBlank())
            {
                Pass(row);
            }
            else
            {
                repaired += Check(row, problem) ? 0 : 1;
                rows.Add(NamesOf(row));
                Pass(row);
            }

            start = rows.Count == 0 ? (At, Line) : start;
        }

        if (rows.Count < _options.HeaderRows && (rows.Count == 0 || !_isFinal))
        {
            (At, Line) = InDroppedLine && rows.Count == 0 ? (At, Line) : start;
            InDroppedLine &= rows.Count == 0;
            return false;
        }

        if (repaired > 0)
        {
            _batch.CountOutcome(Repaired, repaired);
        }

        Use(CsvLayout.WithHeader(Join(rows)));
        return true;
    }

    /// <returns>False when quotes stand where they should not, and the names are taken as they are.</returns>
    private bool Check(CsvSlice row, CsvProblem problem)
    {
        var line = _batch.FirstLine + Line;
        var field = _scanner.FieldCount + 1;
        if (problem == CsvProblem.TextAfterQuote && _options.OnMalformed != MalformedPolicy.Fail)
        {
            _scanner.Mend(Visible[..row.ContentEnd], row.Start, isTruncated: false);
        }
        else if (problem != CsvProblem.None)
        {
            throw Untrusted(CsvProblems.Describe(problem, line, field, null, _options));
        }
        else if (_scanner.StrayQuote >= 0)
        {
            problem = CsvProblem.StrayQuote;
            if (_options.OnMalformed == MalformedPolicy.Fail)
            {
                throw Untrusted(CsvProblems.Describe(problem, line, _scanner.StrayQuote + 1, null, _options));
            }
        }

        if (_scanner.FieldCount > _options.MaxFields)
        {
            throw Untrusted(CsvProblems.Describe(CsvProblem.TooManyFields, line, _scanner.FieldCount, null, _options));
        }

        var bytes = Visible[row.Start..row.ContentEnd];
        if (_options.OnInvalidBytes != InvalidBytesPolicy.Replace && !Utf8.IsValid(bytes))
        {
            throw Untrusted(InvalidBytesIn(bytes));
        }

        return problem == CsvProblem.None;
    }

    private string[] NamesOf(CsvSlice row)
    {
        var names = new string[_scanner.FieldCount];
        var buffer = new byte[row.Length];
        for (var index = 0; index < names.Length; index++)
        {
            names[index] = Encoding.UTF8.GetString(buffer, 0, _scanner[index].Decode(Visible, dialect, buffer));
        }

        return names;
    }

    private static string[] Join(List<string[]> rows)
    {
        var names = new string[rows.Max(row => row.Length)];
        for (var column = 0; column < names.Length; column++)
        {
            names[column] = string.Join(' ', rows.Select(row => column < row.Length ? row[column] : "").Where(part => part.Length > 0));
        }

        return names;
    }

    private static ConnectorException Untrusted(string message) =>
        ConnectorException.User(
            message + " This is the header, without which no row can be read; correct it, or set has-header or skip-rows.");
}
