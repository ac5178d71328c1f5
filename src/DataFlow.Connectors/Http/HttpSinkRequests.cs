using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>Makes requests of the rows of a batch. One object serves one batch after the other; not thread-safe.</summary>
internal sealed partial class HttpSinkRequests : IDisposable
{
    private readonly HttpSinkOptions _options;
    private readonly string _template;
    private readonly string[] _placeholders;
    private readonly NdjsonEncoder _encoder;
    private readonly List<(int Row, int Start, int Length)> _records = [];
    private EncodedBatch? _encoded;
    private RecordBatch _batch = null!;

    public HttpSinkRequests(HttpSinkOptions options, string connection, BatchPool pool)
    {
        _options = options;
        _template = connection;
        _placeholders = [.. Placeholder().Matches(connection).Select(match => match.Groups[1].Value)];
        _encoder = new NdjsonEncoder(pool, options.Envelope);
    }

    /// <summary>True when each record has an address of its own.</summary>
    public bool HasPlaceholders => _placeholders.Length > 0;

    /// <summary>Records of the batch that can be sent.</summary>
    public int Count => _records.Count;

    /// <summary>True when the address has a field of the record in it.</summary>
    public static bool IsTemplate(string connection) => Placeholder().IsMatch(connection);

    /// <summary>The physical row of a record.</summary>
    public int RowOf(int record) => _records[record].Row;

    /// <summary>Takes a batch, which stays the caller's.</summary>
    /// <returns>Rows that can't be written as JSON.</returns>
    public IReadOnlyList<RefusedRow> Begin(RecordBatch batch)
    {
        _batch = batch;
        _encoded?.Dispose();
        _encoded = _encoder.Encode(batch);
        _records.Clear();
        var refused = _encoded.Refused.Select(row => row.Row).ToHashSet();
        var bytes = _encoded.Bytes.Span;
        var start = 0;
        for (var index = 0; index < batch.Count; index++)
        {
            if (!refused.Contains(batch.RowAt(index)))
            {
                var length = bytes[start..].IndexOf((byte)'\n');
                _records.Add((batch.RowAt(index), start, length));
                start += length + 1;
            }
        }

        return _encoded.Refused;
    }

    /// <summary>How many records go into the request that starts with one of them.</summary>
    public int SizeFrom(int first)
    {
        if (_options.Format == HttpSinkFormat.Json || HasPlaceholders)
        {
            return 1;
        }

        var count = 0;
        for (var bytes = 0L; first + count < _records.Count && count < _options.RecordsPerRequest; count++)
        {
            bytes += _records[first + count].Length + 1;
            if (count > 0 && bytes > _options.MaxRequestBytes.Bytes)
            {
                break;
            }
        }

        return count;
    }

    /// <summary>The request for records next to each other.</summary>
    /// <returns>The request; null with the name of a field that the address needs and the record lacks.</returns>
    public (HttpCall? Call, string? Missing) Make(int first, int count)
    {
        var (address, missing) = AddressFor(first);
        if (missing is not null)
        {
            return (null, missing);
        }

        return (new HttpCall(MethodOf(_options.Method), address!)
        {
            Body = BodyOf(first, count),
            ContentType = _options.ContentType ?? (_options.Format == HttpSinkFormat.Ndjson ? "application/x-ndjson" : "application/json"),
            Headers = _options.IdempotencyHeader.Length == 0 ? [] : [(_options.IdempotencyHeader, KeyOf(first, count))],
        }, null);
    }

    public void Dispose()
    {
        _encoded?.Dispose();
        _encoded = null;
    }

    private ReadOnlyMemory<byte> BodyOf(int first, int count)
    {
        var (start, last) = (_records[first].Start, _records[first + count - 1]);
        var lines = _encoded!.Bytes[start..(last.Start + last.Length)];
        switch (_options.Format)
        {
            case HttpSinkFormat.Json:
                return lines;
            case HttpSinkFormat.Ndjson:
                return _encoded.Bytes.Slice(start, lines.Length + 1);
        }

        var array = new byte[lines.Length + 2];
        array[0] = (byte)'[';
        lines.Span.Replace(array.AsSpan(1), (byte)'\n', (byte)',');
        array[^1] = (byte)']';
        return array;
    }

    private (Uri? Address, string? Missing) AddressFor(int record)
    {
        if (!HasPlaceholders)
        {
            return (new Uri(_template), null);
        }

        var address = new StringBuilder(_template);
        foreach (var name in _placeholders)
        {
            var column = _batch.Schema.IndexOf(name);
            var value = column < 0 ? "" : Encoding.UTF8.GetString(_batch.Utf8(_records[record].Row, column));
            if (value.Length == 0)
            {
                return (null, name);
            }

            address.Replace($"{{{name}}}", Uri.EscapeDataString(value));
        }

        return (new Uri(address.ToString()), null);
    }

    /// <summary>The delivery id of a record; of several a name-based id of all of theirs.</summary>
    private string KeyOf(int first, int count)
    {
        if (count == 1)
        {
            return _batch.DeliveryIdOf(_records[first].Row).ToString("D", CultureInfo.InvariantCulture);
        }

        var ids = new byte[count * 16];
        for (var index = 0; index < count; index++)
        {
            _batch.DeliveryIdOf(_records[first + index].Row).TryWriteBytes(ids.AsSpan(index * 16), bigEndian: true, out _);
        }

        return new Guid(SHA256.HashData(ids).AsSpan(0, 16), bigEndian: true).ToString("D", CultureInfo.InvariantCulture);
    }

    private static HttpMethod MethodOf(HttpSinkMethod method) => method switch
    {
        HttpSinkMethod.Put => HttpMethod.Put,
        HttpSinkMethod.Patch => HttpMethod.Patch,
        _ => HttpMethod.Post,
    };

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex Placeholder();
}
