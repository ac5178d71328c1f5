using System.Globalization;
using System.Text;
using DataFlow.Formats;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>What is the same for all pages of one kind during one attempt.</summary>
internal sealed record ApiPageSetup
{
    public required ApiSourceOptions Options { get; init; }

    public required SourceContext Context { get; init; }

    public required HttpTransport Transport { get; init; }

    public required HttpMetrics Metrics { get; init; }

    public required RecordIdentity Identity { get; init; }

    /// <summary>Leads to the records.</summary>
    public required JsonPath Records { get; init; }

    /// <summary>Reads one JSON answer after the other, and remembers the keys of their records.</summary>
    public required JsonAnswerReader Json { get; init; }

    /// <summary>Lead to what decides about the next page, and to errors.</summary>
    public required JsonPath[] Watched { get; init; }

    /// <summary>Leads to an error, or null. One of the watched paths.</summary>
    public required JsonPath? Error { get; init; }
}

/// <summary>
/// One answer on its way to batches. A page that fits is kept until it is complete, so that a broken one can be asked for again
/// as if nothing had happened; of a larger one batches are handed on as they come.
/// </summary>
internal sealed class ApiPage : IDisposable
{
    private const int MostHeld = 4 << 20;
    private const int HeadLength = 300;
    private const int SmallestRead = 4 << 10;
    private static readonly byte[] SourceName = [.. "api"u8];
    private static readonly byte[] JsonName = [.. "json"u8];
    private static readonly byte[] CsvName = [.. "csv"u8];

    private readonly ApiPageSetup _setup;
    private readonly HttpAnswer _answer;
    private readonly ApiRecordNames _names;
    private readonly long _number;
    private readonly IReadOnlyList<(string Name, string? Value)> _fields;
    private readonly Queue<RecordBatch> _batches = new();
    private readonly byte[] _head = new byte[HeadLength];
    private readonly IRecordReader _reader;
    private readonly byte[] _formatName;
    private byte[]? _address;
    private int _headLength;
    private Stream? _body;
    private byte[] _rest = [];
    private int _restLength;
    private bool _isEnd;
    private long _held;
    private int _target;

    /// <param name="setup">What is the same for all pages.</param>
    /// <param name="answer">Becomes this object's.</param>
    /// <param name="name">Names the page within its poll.</param>
    /// <param name="number">1-based number within its poll.</param>
    /// <param name="fields">Values to put into the metadata of each record.</param>
    public ApiPage(ApiPageSetup setup, HttpAnswer answer, string name, long number, IReadOnlyList<(string Name, string? Value)> fields)
    {
        _setup = setup;
        _answer = answer;
        _names = new ApiRecordNames(name);
        _number = number;
        _fields = fields;
        (_reader, _formatName) = CreateReader();
        _target = Math.Clamp(setup.Context.BatchSize * 320, SmallestRead, Math.Max(SmallestRead, setup.Context.BatchBytes));
        IsComplete = answer.Outcome != HttpOutcome.Success || answer.Status is 204 or 205;
    }

    /// <summary>Everything has been read.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The status says that the answer counts as empty.</summary>
    public bool IsSkipped => _answer.Outcome == HttpOutcome.Skip;

    /// <summary>The answer is the one that was got before.</summary>
    public bool IsUnchanged => _answer.Outcome == HttpOutcome.NotModified;

    /// <summary>Hash of all records so far.</summary>
    public long ContentHash => _names.ContentHash;

    /// <summary>What is known about the page. For a complete one.</summary>
    public ApiPageFacts Facts => new(_answer.Call.Address, _names.Count, _answer.Message, ValueOf);

    /// <summary>Reads until the page is complete, or too large to be kept.</summary>
    /// <exception cref="HttpFault">The answer broke off, or can't be used.</exception>
    public async ValueTask HoldAsync(CancellationToken ct)
    {
        while (!IsComplete && _held < MostHeld)
        {
            await ReadAsync(ct).ConfigureAwait(false);
        }
    }

    /// <summary>The batches that were read since the last call. They are the caller's.</summary>
    public IEnumerable<RecordBatch> Take()
    {
        _held = 0;
        while (_batches.TryDequeue(out var batch))
        {
            yield return batch;
        }
    }

    /// <summary>Reads the next batch, if there is one.</summary>
    /// <exception cref="HttpFault">The answer broke off, or can't be used.</exception>
    public async ValueTask ReadAsync(CancellationToken ct)
    {
        var batch = _setup.Context.Pool.Rent(Math.Max(_target, _restLength));
        try
        {
            batch.Identity = _setup.Identity;
            var filled = await FillAndParseAsync(batch, ct).ConfigureAwait(false);
            Keep(batch, filled);
        }
        catch (JsonAnswerException fault)
        {
            _setup.Metrics.AnswerUnreadable();
            batch.Release();
            throw Unreadable(fault);
        }
        catch
        {
            batch.Release();
            throw;
        }

        if (IsComplete)
        {
            ThrowIfUnusable();
        }
    }

    public void Dispose()
    {
        foreach (var batch in Take())
        {
            batch.Release();
        }

        _setup.Context.Pool.Return(_rest);
        _rest = [];
        _body?.Dispose();
        _answer.Dispose();
    }

    private (IRecordReader Reader, byte[] Name) CreateReader()
    {
        var options = _setup.Options;
        _setup.Json.Begin();
        return FormatOf(options.ResponseFormat, _answer.MediaType) switch
        {
            ApiResponseFormat.Ndjson => (RecordReaders.Create(options.ToFormat(RecordFormat.Json)), JsonName),
            ApiResponseFormat.Csv => (RecordReaders.Create(options.ToFormat(RecordFormat.Csv)), CsvName),
            _ => (_setup.Json, JsonName),
        };
    }

    private static ApiResponseFormat FormatOf(ApiResponseFormat wanted, string mediaType) => wanted switch
    {
        not ApiResponseFormat.Auto => wanted,
        _ when mediaType is "application/x-ndjson" or "application/ndjson" or "application/jsonl" or "application/x-jsonlines" or "application/stream+json" =>
            ApiResponseFormat.Ndjson,
        _ when mediaType is "text/csv" or "application/csv" => ApiResponseFormat.Csv,
        _ => ApiResponseFormat.Json,
    };

    private async ValueTask<int> FillAndParseAsync(RecordBatch batch, CancellationToken ct)
    {
        batch.Append(_rest.AsSpan(0, _restLength));
        var longest = (int)Math.Min((_setup.Options.MaxRecordBytes.Bytes * 2) + (2 << 20), Array.MaxLength / 2);
        for (var target = Math.Max(_target, _restLength); ; target = Math.Min(target * 2, longest))
        {
            await FillAsync(batch, target, ct).ConfigureAwait(false);
            if (_headLength == 0 && batch.Length > 0)
            {
                TakeHead(batch);
            }

            var filled = batch.Length;
            var consumed = _reader.Read(batch, _isEnd, _setup.Context.BatchSize);
            if (consumed > 0 || _isEnd)
            {
                return filled;
            }

            if (target == longest)
            {
                throw new InvalidOperationException($"The reader takes nothing of {filled} bytes of {_answer.Call.Shown}.");
            }

            batch.Length = filled;
        }
    }

    private async ValueTask FillAsync(RecordBatch batch, int target, CancellationToken ct)
    {
        _body ??= await _answer.OpenBodyAsync(_setup.Options.MaxResponseBytes.Bytes, ct).ConfigureAwait(false);
        batch.EnsureCapacity(target);
        while (!_isEnd && batch.Length < target)
        {
            var read = await _body.ReadAsync(batch.Data.AsMemory(batch.Length, target - batch.Length), ct).ConfigureAwait(false);
            _isEnd = read == 0;
            batch.Length += read;
        }
    }

    /// <summary>Keeps the start of the body for messages, and takes a byte order mark away.</summary>
    private void TakeHead(RecordBatch batch)
    {
        var bytes = batch.Data.AsSpan(0, batch.Length);
        if (bytes.StartsWith("\uFEFF"u8))
        {
            bytes[3..].CopyTo(bytes);
            batch.Length -= 3;
            bytes = bytes[..^3];
        }

        _headLength = Math.Min(HeadLength, bytes.Length);
        bytes[.._headLength].CopyTo(_head);
        if (_setup.Context.Logger.IsEnabled(LogLevel.Debug))
        {
            _setup.Context.Logger.AnswerHead(ShownHead());
        }
    }

    private void Keep(RecordBatch batch, int filled)
    {
        var consumed = batch.Length;
        var records = batch.RowCount + batch.Errors.Count;
        KeepRest(batch.Data.AsSpan(consumed, filled - consumed));
        IsComplete = _isEnd && _restLength == 0 && records < _setup.Context.BatchSize;
        if (records == 0)
        {
            batch.Release();
            return;
        }

        if (batch.RowCount > 0)
        {
            _target = (int)Math.Clamp(
                consumed * 1.25 / records * _setup.Context.BatchSize, SmallestRead, Math.Max(SmallestRead, _setup.Context.BatchBytes));
        }

        if (_setup.Options.IdField != "id")
        {
            batch.IdColumn = batch.PhysicalSchema.IndexOf(_setup.Options.IdField);
            batch.IdIsHidden = true;
        }

        batch.BytesRead = consumed;
        _names.Assign(batch);
        Describe(batch);
        _held += batch.Footprint;
        _batches.Enqueue(batch);
    }

    private void KeepRest(ReadOnlySpan<byte> rest)
    {
        if (rest.Length > _rest.Length)
        {
            _setup.Context.Pool.Return(_rest);
            _rest = _setup.Context.Pool.RentBytes(rest.Length);
        }

        rest.CopyTo(_rest);
        _restLength = rest.Length;
    }

    private void Describe(RecordBatch batch)
    {
        batch.Metadata
            .Set("source", SourceName)
            .Set("source_id", _setup.Context.SourceId)
            .Set("api_url", _address ??= Encoding.UTF8.GetBytes(_setup.Transport.Show(_answer.Call.Shown)))
            .Set("page", _number.ToString(CultureInfo.InvariantCulture))
            .Set("format", _formatName)
            .Set("timestamp", _setup.Context.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        foreach (var (name, value) in _fields)
        {
            if (value is not null)
            {
                batch.Metadata.Set($"parent.{name}", value);
            }
        }
    }

    private string? ValueOf(JsonPath path) =>
        _reader is JsonAnswerReader json && Array.IndexOf(_setup.Watched, path) is >= 0 and var index ? json.ValueOf(index) : null;

    private void ThrowIfUnusable()
    {
        if (_reader is not JsonAnswerReader json)
        {
            return;
        }

        var request = $"{_answer.Call.Method} {_answer.Call.Shown}";
        if (_setup.Error is { } error && json.KindOf(Array.IndexOf(_setup.Watched, error)) is { } kind && kind != "null"
            && ValueOf(error) is not ("" or "false" or "0"))
        {
            throw new HttpFault($"{request} answered status {_answer.Status} with an error at '{error.Text}': {ValueOf(error) ?? ShownHead()}");
        }

        if (json.Found != "an array")
        {
            throw new HttpFault($"Response path '{_setup.Records.Text}' did not return array: {PathAdvice(json)} {request} answered: {ShownHead()}")
            {
                MayPass = false,
            };
        }
    }

    private string PathAdvice(JsonAnswerReader json)
    {
        var found = json.Found is { } kind ? $"it leads to {kind}." : "it leads to nothing.";
        var top = json.TopNames.Count > 0 ? $" At its top the answer has {string.Join(", ", json.TopNames.Select(name => $"'{name}'"))}."
            : _head.AsSpan(0, _headLength).TrimStart(" \t\r\n"u8).StartsWith("["u8) ? " The answer is an array itself: use response-path '.'."
            : "";
        return $"{found}{top} Set response-path to the array that holds the records.";
    }

    private HttpFault Unreadable(JsonAnswerException fault)
    {
        var type = _answer.MediaType.Length > 0 ? _answer.MediaType : "no content type";
        return new HttpFault(
            $"Failed to parse API response: {fault.Message}. {_answer.Call.Method} {_answer.Call.Shown} answered status {_answer.Status}, "
            + $"{type}, starting with: {ShownHead()} Check that the address is the API's and not a web page's, the Content-Type and the version of the API; "
            + "--verbose shows requests and answers.", fault)
        {
            MayPass = fault.IsCut,
        };
    }

    private string ShownHead() => _setup.Transport.Show(HttpAnswer.TextOf(_head.AsSpan(0, _headLength)));
}
