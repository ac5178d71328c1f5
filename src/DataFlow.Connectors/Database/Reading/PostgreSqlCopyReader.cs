using System.Buffers.Binary;
using System.Text;
using Npgsql;

namespace DataFlow.Connectors;

/// <summary>
/// Reads rows by binary COPY and decodes them straight into UTF-8 text: the fastest way out of PostgreSQL, and nothing is
/// allocated per row.
/// </summary>
internal sealed class PostgreSqlCopyReader : IRowReader
{
    private const int HeaderLength = 19;
    private const int EndOfRows = -1;

    private readonly NpgsqlRawCopyStream _stream;
    private readonly PostgreSqlCopyBuffer _received;
    private readonly ColumnFormat[] _formats;
    private readonly FieldRef[] _fields;
    private readonly int[] _starts;
    private readonly int[] _lengths;
    private byte[] _buffer = new byte[128 << 10];
    private int _from;
    private int _to;
    private int _next = HeaderLength;
    private bool _ended;

    private PostgreSqlCopyReader(NpgsqlRawCopyStream stream, PostgreSqlCopyBuffer received, QueryShape shape)
    {
        _stream = stream;
        _received = received;
        _formats = shape.Formats;
        _fields = new FieldRef[_formats.Length];
        _starts = new int[_formats.Length];
        _lengths = new int[_formats.Length];
    }

    /// <summary>Starts the query.</summary>
    public static async Task<IRowReader> StartAsync(
        NpgsqlConnection connection, SqlText sql, QueryShape shape, QueryLimits limits, CancellationToken ct)
    {
        var stream = await connection.BeginRawBinaryCopyAsync($"COPY (\n{sql.ToLiteral()}\n) TO STDOUT (FORMAT BINARY)", ct)
            .ConfigureAwait(false);
        stream.ReadTimeout = limits.TimeoutSeconds == 0 ? Timeout.Infinite : limits.TimeoutSeconds * 1000;
        return new PostgreSqlCopyReader(stream, PostgreSqlCopyBuffer.Of(connection, stream), shape);
    }

    public ValueTask<bool> ReadAsync(CancellationToken ct) =>
        TryLocate() ? ValueTask.FromResult(true) : _ended ? ValueTask.FromResult(false) : LoadAsync(ct);

    public void AppendTo(RecordBatch batch)
    {
        var row = new RowText(batch, _fields);
        for (var column = 0; column < _formats.Length; column++)
        {
            var length = _lengths[column];
            if (length < 0)
            {
                row.Null();
            }
            else
            {
                Append(ref row, _formats[column], _buffer.AsSpan(_starts[column], length));
            }
        }

        row.End();
    }

    public CursorValue CursorAt(int column)
    {
        if (_lengths[column] < 0)
        {
            return CursorValue.None;
        }

        var value = _buffer.AsSpan(_starts[column], _lengths[column]);
        return _formats[column] switch
        {
            ColumnFormat.Int64 => CursorValue.OfNumber(BinaryPrimitives.ReadInt64BigEndian(value)),
            ColumnFormat.Int32 => CursorValue.OfNumber(BinaryPrimitives.ReadInt32BigEndian(value)),
            ColumnFormat.Int16 => CursorValue.OfNumber(BinaryPrimitives.ReadInt16BigEndian(value)),
            ColumnFormat.Decimal => PostgreSqlNumeric.ToCursor(value),
            ColumnFormat.Timestamp or ColumnFormat.TimestampTz =>
                Moment(BinaryPrimitives.ReadInt64BigEndian(value), _formats[column] == ColumnFormat.TimestampTz),
            ColumnFormat.Date => Moment(PostgreSqlFarDate.StartOf(BinaryPrimitives.ReadInt32BigEndian(value)), hasZone: false),
            ColumnFormat.Text or ColumnFormat.Json or ColumnFormat.Interval => CursorValue.OfText(Encoding.UTF8.GetString(value)),
            _ => CursorValue.OfText(TextOf(_formats[column], value)),
        };
    }

    public async ValueTask CancelAsync() => await _stream.CancelAsync().ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is NpgsqlException or OperationCanceledException or IOException)
        {
            // A query that was cancelled, or whose connection is gone, says so once more.
        }
    }

    /// <summary>As the value is appended to a batch, and as PostgreSQL reads it again.</summary>
    private static string TextOf(ColumnFormat format, ReadOnlySpan<byte> value)
    {
        var batch = BatchPool.Shared.Rent(ColumnText.Most);
        var field = new FieldRef[1];
        var row = new RowText(batch, field);
        Append(ref row, format, value);
        var text = Encoding.UTF8.GetString(batch.Raw(field[0]));
        batch.Release();
        return text;
    }

    private static CursorValue Moment(long microseconds, bool hasZone) => ColumnText.FromMicroseconds2000(microseconds) is { } moment
        ? CursorValue.OfMoment(moment.Ticks, hasZone)
        : microseconds < 0 ? CursorValue.OfMoment(0, hasZone) : CursorValue.Endless;

    private static void Append(ref RowText row, ColumnFormat format, ReadOnlySpan<byte> value)
    {
        switch (format)
        {
            case ColumnFormat.Text or ColumnFormat.Json or ColumnFormat.Interval:
                row.Text(value);
                break;
            case ColumnFormat.Int64:
                row.Commit(ColumnText.Integer(row.Reserve(ColumnText.Most), BinaryPrimitives.ReadInt64BigEndian(value)));
                break;
            case ColumnFormat.Int32:
                row.Commit(ColumnText.Integer(row.Reserve(ColumnText.Most), BinaryPrimitives.ReadInt32BigEndian(value)));
                break;
            case ColumnFormat.Int16:
                row.Commit(ColumnText.Integer(row.Reserve(ColumnText.Most), BinaryPrimitives.ReadInt16BigEndian(value)));
                break;
            case ColumnFormat.Decimal:
                row.Commit(PostgreSqlNumeric.Write(row.Reserve(PostgreSqlNumeric.MostBytes(value)), value));
                break;
            case ColumnFormat.Double:
                row.Commit(ColumnText.Double(row.Reserve(ColumnText.Most), BinaryPrimitives.ReadDoubleBigEndian(value)));
                break;
            case ColumnFormat.Float:
                row.Commit(ColumnText.Float(row.Reserve(ColumnText.Most), BinaryPrimitives.ReadSingleBigEndian(value)));
                break;
            case ColumnFormat.Bool:
                row.Commit(ColumnText.Bool(row.Reserve(ColumnText.Most), value[0] != 0));
                break;
            case ColumnFormat.Timestamp or ColumnFormat.TimestampTz:
                row.Commit(WriteMoment(row.Reserve(ColumnText.Most), BinaryPrimitives.ReadInt64BigEndian(value)));
                break;
            case ColumnFormat.Date:
                row.Commit(WriteDate(row.Reserve(ColumnText.Most), BinaryPrimitives.ReadInt32BigEndian(value)));
                break;
            case ColumnFormat.Time:
                row.Commit(ColumnText.Time(row.Reserve(ColumnText.Most), BinaryPrimitives.ReadInt64BigEndian(value) * 10));
                break;
            case ColumnFormat.Uuid:
                row.Commit(ColumnText.Uuid(row.Reserve(ColumnText.Most), new Guid(value, bigEndian: true)));
                break;
            case ColumnFormat.JsonB:
                row.Text(value[1..]);
                break;
            default:
                row.Hex(value);
                break;
        }
    }

    /// <summary>Years beyond 1 to 9999 have no calendar here: they are written as PostgreSQL does.</summary>
    private static int WriteMoment(Span<byte> output, long microseconds)
    {
        if (ColumnText.FromMicroseconds2000(microseconds) is { } moment)
        {
            return ColumnText.Timestamp(output, moment);
        }

        return microseconds switch
        {
            long.MaxValue => ColumnText.Copy(output, "infinity"u8),
            long.MinValue => ColumnText.Copy(output, "-infinity"u8),
            _ => PostgreSqlFarDate.WriteMoment(output, microseconds),
        };
    }

    private static int WriteDate(Span<byte> output, int days)
    {
        if (ColumnText.FromMicroseconds2000(PostgreSqlFarDate.StartOf(days)) is { } moment)
        {
            return ColumnText.Date(output, moment);
        }

        return days switch
        {
            int.MaxValue => ColumnText.Copy(output, "infinity"u8),
            int.MinValue => ColumnText.Copy(output, "-infinity"u8),
            _ => PostgreSqlFarDate.WriteDate(output, days),
        };
    }

    private bool TryLocate()
    {
        var at = _next;
        if (_ended || at + 2 > _to)
        {
            return false;
        }

        var columns = BinaryPrimitives.ReadInt16BigEndian(_buffer.AsSpan(at));
        if (columns != _formats.Length)
        {
            _ended = columns == EndOfRows ? true : throw new IOException($"A row has {columns} columns instead of {_formats.Length}.");
            return false;
        }

        at += 2;
        for (var column = 0; column < _formats.Length; column++)
        {
            if (at + 4 > _to)
            {
                return false;
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(at));
            at += 4;
            _starts[column] = at;
            _lengths[column] = length;
            at += Math.Max(length, 0);
            if (at > _to)
            {
                return false;
            }
        }

        _from = at;
        _next = at;
        return true;
    }

    /// <summary>Takes in all that has arrived, as far as there is room.</summary>
    private async ValueTask<bool> LoadAsync(CancellationToken ct)
    {
        while (true)
        {
            MakeRoom();
            int read;
            bool hasWaited;
            do
            {
                var reading = _stream.ReadAsync(_buffer.AsMemory(_to), ct);
                hasWaited = !reading.IsCompleted;
                read = await reading.ConfigureAwait(false);
                _to += read;
                _to += _received.Take(_buffer.AsSpan(_to));
            }
            while (read > 0 && !hasWaited && _to < _buffer.Length);

            if (TryLocate())
            {
                return true;
            }

            if (_ended)
            {
                return false;
            }

            if (read == 0)
            {
                throw new IOException("The rows broke off before their end.");
            }
        }
    }

    private void MakeRoom()
    {
        if (_from > 0)
        {
            _buffer.AsSpan(_from, _to - _from).CopyTo(_buffer);
            _next -= _from;
            _to -= _from;
            _from = 0;
        }

        if (_to == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }
}
