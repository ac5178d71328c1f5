using System.Data.Common;
using System.Globalization;
using System.Text;
using MySqlConnector;

namespace DataFlow.Connectors;

/// <summary>Reads rows through any ADO.NET provider.</summary>
internal sealed class ProviderRowReader : IRowReader
{
    private readonly DbCommand _command;
    private readonly DbDataReader _reader;
    private readonly FieldRef[] _fields;
    private readonly bool _zeroDatesAreNull;
    private ColumnFormat[] _formats;
    private bool[] _areSingleBits = [];

    private ProviderRowReader(DbCommand command, DbDataReader reader, QueryShape shape, Dialect dialect)
    {
        _command = command;
        _reader = reader;
        _formats = shape.Formats;
        _fields = new FieldRef[shape.Formats.Length];
        _zeroDatesAreNull = dialect is MySqlDialect { ZeroDatesAreNull: true };
    }

    /// <summary>Runs the command.</summary>
    /// <param name="command">Taken over.</param>
    /// <param name="shape">The columns as they were described.</param>
    /// <param name="dialect">The database.</param>
    /// <param name="ct">A stop.</param>
    /// <exception cref="ConnectorException">The columns are others by now: values would be taken for what they are not.</exception>
    public static async Task<IRowReader> StartAsync(DbCommand command, QueryShape shape, Dialect dialect, CancellationToken ct)
    {
        try
        {
            if (dialect is MySqlDialect && shape.Formats.Contains(ColumnFormat.Float))
            {
                // As text the server sends only six digits of a FLOAT.
                await command.PrepareAsync(ct).ConfigureAwait(false);
            }

            var rows = new ProviderRowReader(command, await command.ExecuteReaderAsync(ct).ConfigureAwait(false), shape, dialect);
            try
            {
                await rows.CheckColumnsAsync(shape, dialect, ct).ConfigureAwait(false);
                return rows;
            }
            catch
            {
                await rows.EndAsync().ConfigureAwait(false);
                throw;
            }
        }
        catch
        {
            await command.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask<bool> ReadAsync(CancellationToken ct) => new(_reader.ReadAsync(ct));

    public void AppendTo(RecordBatch batch)
    {
        var row = new RowText(batch, _fields);
        for (var column = 0; column < _formats.Length; column++)
        {
            if (_reader.IsDBNull(column))
            {
                row.Null();
            }
            else
            {
                Append(ref row, column, _formats[column]);
            }
        }

        row.End();
    }

    public CursorValue CursorAt(int column)
    {
        if (_reader.IsDBNull(column))
        {
            return CursorValue.None;
        }

        return _formats[column] switch
        {
            ColumnFormat.Int16 or ColumnFormat.Int32 or ColumnFormat.Int64 or ColumnFormat.MySqlYear =>
                CursorValue.OfNumber(Convert.ToInt64(_reader.GetValue(column), CultureInfo.InvariantCulture)),
            ColumnFormat.MySqlMoment or ColumnFormat.MySqlDate => OfMySql(_reader.GetFieldValue<MySqlDateTime>(column)),
            ColumnFormat.Date or ColumnFormat.Timestamp => CursorValue.OfMoment(_reader.GetDateTime(column).Ticks),
            ColumnFormat.TimestampTz => CursorValue.OfMoment(_reader.GetFieldValue<DateTimeOffset>(column).UtcTicks, hasZone: true),
            ColumnFormat.Text or ColumnFormat.Uuid =>
                CursorValue.OfText(Convert.ToString(_reader.GetValue(column), CultureInfo.InvariantCulture)!),
            ColumnFormat.MySqlDecimal => OfMySql(((MySqlDataReader)_reader).GetMySqlDecimal(column)),
            _ => OfValue(_reader.GetValue(column)),
        };
    }

    public ValueTask CancelAsync()
    {
        _command.Cancel();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _reader.DisposeAsync().ConfigureAwait(false);
        }
        catch (DbException)
        {
            // A query that was cancelled says so once more.
        }

        await _command.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Compares the columns with those that were described, and takes over what the running query itself says of them.</summary>
    private async Task CheckColumnsAsync(QueryShape shape, Dialect dialect, CancellationToken ct)
    {
        shape.CheckNames(Enumerable.Range(0, _reader.FieldCount).Select(_reader.GetName));
        if (!dialect.HasColumnTypes)
        {
            // Where the columns are of another type than described, or of none, each value's own type decides.
            _formats = [.. shape.Formats.Select((format, column) =>
                _reader.GetFieldType(column) == shape.Columns[column].DataType ? format : ColumnFormat.Dynamic)];
            return;
        }

        var columns = await _reader.GetColumnSchemaAsync(ct).ConfigureAwait(false);
        _formats = [.. columns.Select(dialect.FormatOf)];
        _areSingleBits = [.. columns.Select(column => column.ColumnSize == 1)];
        if (!_formats.Select(format => format.TypeOf()).SequenceEqual(shape.Formats.Select(format => format.TypeOf())))
        {
            throw shape.Changed(columns.Select(QueryShape.Name));
        }
    }

    private async Task EndAsync()
    {
        try
        {
            await CancelAsync().ConfigureAwait(false);
            await DisposeAsync().ConfigureAwait(false);
        }
        catch (DbException)
        {
            // What had made it end says more.
        }
    }

    private static CursorValue OfMySql(MySqlDateTime value) =>
        value.IsValidDateTime ? CursorValue.OfMoment(value.GetDateTime().Ticks) : CursorValue.None;

    private void Append(ref RowText row, int column, ColumnFormat format)
    {
        switch (format)
        {
            case ColumnFormat.Text or ColumnFormat.Json:
                row.Text(_reader.GetString(column));
                return;
            case ColumnFormat.Int64:
                row.Commit(ColumnText.Integer(row.Reserve(ColumnText.Most), _reader.GetInt64(column)));
                return;
            case ColumnFormat.Decimal:
                row.Commit(ColumnText.Decimal(row.Reserve(ColumnText.Most), _reader.GetDecimal(column)));
                return;
            case ColumnFormat.MySqlDecimal:
                row.Text(((MySqlDataReader)_reader).GetMySqlDecimal(column).ToString());
                return;
            case ColumnFormat.MySqlMoment or ColumnFormat.MySqlDate:
                AppendMySql(ref row, _reader.GetFieldValue<MySqlDateTime>(column), format);
                return;
            case ColumnFormat.Date:
                row.Commit(ColumnText.Date(row.Reserve(ColumnText.Most), _reader.GetDateTime(column)));
                return;
            case ColumnFormat.Timestamp:
                row.Commit(ColumnText.Timestamp(row.Reserve(ColumnText.Most), _reader.GetDateTime(column)));
                return;
            case ColumnFormat.Bits when _reader.GetValue(column) is ulong bits:
                var room = row.Reserve(ColumnText.Most);
                row.Commit(_areSingleBits[column] ? ColumnText.Bool(room, bits != 0) : ColumnText.Unsigned(room, bits));
                return;
            default:
                AppendValue(ref row, _reader.GetValue(column));
                return;
        }
    }

    private static CursorValue OfMySql(MySqlDecimal value) => CursorValue.OfNumber(Encoding.ASCII.GetBytes(value.ToString()));

    /// <summary>By the value's own type, where the column tells nothing.</summary>
    private static CursorValue OfValue(object value) => value switch
    {
        sbyte or byte or short or ushort or int or uint or long or ulong or decimal =>
            CursorValue.OfNumber(Convert.ToDecimal(value, CultureInfo.InvariantCulture)),
        DateTime moment => CursorValue.OfMoment(moment.Ticks),
        DateTimeOffset moment => CursorValue.OfMoment(moment.UtcTicks, hasZone: true),
        DateOnly date => CursorValue.OfMoment(date.ToDateTime(TimeOnly.MinValue).Ticks),
        string or Guid => CursorValue.OfText(Convert.ToString(value, CultureInfo.InvariantCulture)!),
        _ => CursorValue.None,
    };

    private void AppendMySql(ref RowText row, MySqlDateTime value, ColumnFormat format)
    {
        if (value.IsValidDateTime)
        {
            var output = row.Reserve(ColumnText.Most);
            var moment = value.GetDateTime();
            row.Commit(format == ColumnFormat.MySqlDate ? ColumnText.Date(output, moment) : ColumnText.Timestamp(output, moment));
        }
        else if (_zeroDatesAreNull)
        {
            row.Null();
        }
        else
        {
            row.Text(TextOfNoDate(value, format));
        }
    }

    /// <summary>No calendar has the day, but the clock has its time.</summary>
    private static string TextOfNoDate(MySqlDateTime value, ColumnFormat format)
    {
        var day = string.Create(CultureInfo.InvariantCulture, $"{value.Year:0000}-{value.Month:00}-{value.Day:00}");
        if (format == ColumnFormat.MySqlDate)
        {
            return day;
        }

        Span<byte> moment = stackalloc byte[ColumnText.Most];
        var time = new TimeSpan(0, value.Hour, value.Minute, value.Second, 0, value.Microsecond);
        var length = ColumnText.Timestamp(moment, DateTime.MinValue + time);
        return day + Encoding.ASCII.GetString(moment[day.Length..length]);
    }

    private static void AppendValue(ref RowText row, object value)
    {
        var output = value is string or byte[]? default : row.Reserve(ColumnText.Most);
        switch (value)
        {
            case string text:
                row.Text(text);
                break;
            case byte[] bytes:
                row.Hex(bytes);
                break;
            case bool truth:
                row.Commit(ColumnText.Bool(output, truth));
                break;
            case double number:
                row.Commit(ColumnText.Double(output, number));
                break;
            case float number:
                row.Commit(ColumnText.Float(output, number));
                break;
            case decimal number:
                row.Commit(ColumnText.Decimal(output, number));
                break;
            case ulong number:
                row.Commit(ColumnText.Unsigned(output, number));
                break;
            case sbyte or byte or short or ushort or int or uint or long:
                row.Commit(ColumnText.Integer(output, Convert.ToInt64(value, CultureInfo.InvariantCulture)));
                break;
            case DateTime moment:
                row.Commit(ColumnText.Timestamp(output, moment));
                break;
            case DateTimeOffset moment:
                row.Commit(ColumnText.Timestamp(output, moment.UtcDateTime));
                break;
            case DateOnly date:
                row.Commit(ColumnText.Date(output, date.ToDateTime(TimeOnly.MinValue)));
                break;
            case TimeOnly time:
                row.Commit(ColumnText.Time(output, time.Ticks));
                break;
            case TimeSpan span:
                row.Commit(ColumnText.Interval(output, span));
                break;
            case Guid uuid:
                row.Commit(ColumnText.Uuid(output, uuid));
                break;
            default:
                row.Text(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
                break;
        }
    }
}
