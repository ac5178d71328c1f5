using System.Data.Common;
using System.Globalization;
using MySqlConnector;

namespace DataFlow.Connectors;

/// <summary>Reads rows through any ADO.NET provider.</summary>
internal sealed class ProviderRowReader : IRowReader
{
    private readonly DbCommand _command;
    private readonly DbDataReader _reader;
    private readonly ColumnFormat[] _formats;
    private readonly FieldRef[] _fields;

    private ProviderRowReader(DbCommand command, DbDataReader reader, QueryShape shape)
    {
        _command = command;
        _reader = reader;
        _formats = shape.Formats;
        _fields = new FieldRef[shape.Formats.Length];
    }

    /// <summary>Runs the command.</summary>
    public static async Task<IRowReader> StartAsync(DbCommand command, QueryShape shape, CancellationToken ct)
    {
        try
        {
            return new ProviderRowReader(command, await command.ExecuteReaderAsync(ct).ConfigureAwait(false), shape);
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
            ColumnFormat.Int16 or ColumnFormat.Int32 or ColumnFormat.Int64 =>
                CursorValue.OfNumber(Convert.ToInt64(_reader.GetValue(column), CultureInfo.InvariantCulture)),
            ColumnFormat.MySqlMoment or ColumnFormat.MySqlDate => OfMySql(_reader.GetFieldValue<MySqlDateTime>(column)),
            ColumnFormat.Date or ColumnFormat.Timestamp => CursorValue.OfMoment(_reader.GetDateTime(column).Ticks),
            ColumnFormat.TimestampTz => CursorValue.OfMoment(_reader.GetFieldValue<DateTimeOffset>(column).UtcTicks, hasZone: true),
            ColumnFormat.Text or ColumnFormat.Uuid =>
                CursorValue.OfText(Convert.ToString(_reader.GetValue(column), CultureInfo.InvariantCulture)!),
            _ => CursorValue.OfNumber(Convert.ToDecimal(_reader.GetValue(column), CultureInfo.InvariantCulture)),
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
                var isOne = _reader.GetColumnSchema()[column].ColumnSize == 1;
                var room = row.Reserve(ColumnText.Most);
                row.Commit(isOne ? ColumnText.Bool(room, bits != 0) : ColumnText.Unsigned(room, bits));
                return;
            default:
                AppendValue(ref row, _reader.GetValue(column));
                return;
        }
    }

    private static void AppendMySql(ref RowText row, MySqlDateTime value, ColumnFormat format)
    {
        if (!value.IsValidDateTime)
        {
            row.Text(string.Create(CultureInfo.InvariantCulture, $"{value.Year:0000}-{value.Month:00}-{value.Day:00}")
                + (format == ColumnFormat.MySqlDate ? "" : " 00:00:00.0"));
            return;
        }

        var output = row.Reserve(ColumnText.Most);
        var moment = value.GetDateTime();
        row.Commit(format == ColumnFormat.MySqlDate ? ColumnText.Date(output, moment) : ColumnText.Timestamp(output, moment));
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
