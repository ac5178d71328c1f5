using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;

namespace DataFlow.Client;

/// <summary>
/// Pushes records into a running pipeline of a service whose source is <c>push</c>. Records are sent in batches, in the order in which
/// they were given; a batch is sent again until the service has acknowledged it, and the service recognises what it has already.
/// Memory is bounded: while the service takes less than is given, sending waits. Thread-safe.
/// </summary>
/// <remarks>
/// What was given and not flushed is lost when the process dies: a program that must not lose a record calls <see cref="FlushAsync"/>
/// before it forgets the record. A client that the service has refused fails for good; make another one when the cause is mended.
/// </remarks>
public sealed class PipelineClient : IAsyncDisposable
{
    private readonly PipelineClientOptions _options;
    private readonly BatchSender _sender;
    private readonly Channel<OutgoingBatch> _ready = Channel.CreateUnbounded<OutgoingBatch>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim _entrance = new(1, 1);
    private readonly SemaphoreSlim _slots;
    private readonly CancellationTokenSource _closing = new();
    private readonly ITimer _linger;
    private readonly Lock _gate = new();
    private readonly List<OutgoingBatch> _unacknowledged = [];
    private OutgoingBatch? _open;
    private TaskCompletionSource _room = NewSignal();
    private Task? _sending;
    private Exception? _failure;
    private long _buffered;
    private long _delivered;
    private bool _isFailureKnown;
    private bool _isDisposed;

    /// <summary>Makes a client. Nothing is sent before the first record.</summary>
    /// <param name="service">Address of the service, any of its nodes: <c>http://127.0.0.1:5080</c>.</param>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="options">How it sends.</param>
    public PipelineClient(Uri service, string pipeline, PipelineClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(service);
        ArgumentException.ThrowIfNullOrWhiteSpace(pipeline);
        _options = options ?? new PipelineClientOptions();
        _options.Check();
        _sender = new BatchSender(service, pipeline, _options);
        _slots = new SemaphoreSlim(_options.MaxInFlight, _options.MaxInFlight);
        _linger = _options.Time.CreateTimer(_ => Seal(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Pipeline = pipeline;
    }

    /// <summary>The pipeline's name.</summary>
    public string Pipeline { get; }

    /// <summary>Records that are acknowledged.</summary>
    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Records that are given and not acknowledged, in bytes.</summary>
    public long BufferedBytes => Interlocked.Read(ref _buffered);

    /// <summary>Why a batch has to be sent again; null when all is well.</summary>
    public string? Problem => _sender.Problem;

    /// <summary>Gives one record, an object. Waits while the buffer is full.</summary>
    /// <param name="record">What is sent as JSON.</param>
    /// <param name="typeInfo">How it becomes JSON, for programs that are trimmed; null for reflection with the names of the web.</param>
    /// <param name="ct">Gives up waiting; the record is not sent then.</param>
    /// <exception cref="PipelineClientException">The service has refused a batch, of these or earlier records.</exception>
    public ValueTask SendAsync<T>(T record, JsonTypeInfo<T>? typeInfo = null, CancellationToken ct = default) => SendJsonAsync(
        typeInfo is null ? JsonSerializer.SerializeToUtf8Bytes(record, JsonSerializerOptions.Web) : JsonSerializer.SerializeToUtf8Bytes(record, typeInfo), ct);

    /// <summary>Gives one record that is JSON already. Waits while the buffer is full.</summary>
    /// <param name="utf8">One JSON value; copied. What is no JSON becomes a dead letter of the pipeline.</param>
    /// <param name="ct">Gives up waiting; the record is not sent then.</param>
    /// <exception cref="PipelineClientException">The service has refused a batch, of these or earlier records.</exception>
    public async ValueTask SendJsonAsync(ReadOnlyMemory<byte> utf8, CancellationToken ct = default)
    {
        await _entrance.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            while (true)
            {
                Task room;
                lock (_gate)
                {
                    ThrowIfUnusable();
                    if (TryAdd(utf8.Span))
                    {
                        return;
                    }

                    // What waits for its batch to fill has to go first.
                    SealOpen();
                    room = _room.Task;
                }

                await room.WaitAsync(ct).ConfigureAwait(false);
            }
        }
        finally
        {
            _entrance.Release();
        }
    }

    /// <summary>Returns when everything that was given before is durably delivered.</summary>
    /// <param name="ct">Gives up waiting; what was given is sent all the same.</param>
    /// <exception cref="PipelineClientException">The service has refused a batch.</exception>
    public async Task FlushAsync(CancellationToken ct = default)
    {
        Task[] all;
        lock (_gate)
        {
            SealOpen();
            ThrowIfFailed();
            all = [.. _unacknowledged.Select(batch => batch.Acknowledged)];
        }

        try
        {
            await Task.WhenAll(all).WaitAsync(ct).ConfigureAwait(false);
        }
        catch (PipelineClientException)
        {
            _isFailureKnown = true;
            throw;
        }
    }

    /// <summary>Waits for what was given, as long as <see cref="PipelineClientOptions.CloseWithin"/> allows, and frees everything.</summary>
    /// <exception cref="PipelineClientException">Records are not acknowledged, and nothing has said so before.</exception>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            SealOpen();
            _isDisposed = true;
            _ready.Writer.TryComplete();
            Change();
        }

        var isDone = await IsSentAsync().ConfigureAwait(false);
        await _closing.CancelAsync().ConfigureAwait(false);
        await (_sending ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _linger.DisposeAsync().ConfigureAwait(false);
        _sender.Dispose();
        if (_failure is { } failure && !_isFailureKnown)
        {
            throw Again(failure);
        }

        if (!isDone)
        {
            throw new PipelineClientException(
                $"{_unacknowledged.Sum(batch => batch.Records)} records for pipeline '{Pipeline}' are not acknowledged: {Problem ?? "the service has not answered"}. They may be delivered or not.");
        }
    }

    private async Task<bool> IsSentAsync()
    {
        try
        {
            await (_sending ?? Task.CompletedTask).WaitAsync(_options.CloseWithin, _options.Time).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private bool TryAdd(ReadOnlySpan<byte> json)
    {
        var size = json.Length + 1;
        if (_buffered > 0 && _buffered + size > _options.BufferBytes)
        {
            return false;
        }

        if (_open is { } filled && filled.Length + size > _options.BatchBytes)
        {
            SealOpen();
        }

        if (_open is null)
        {
            _open = new OutgoingBatch();
            _unacknowledged.Add(_open);
            _linger.Change(_options.Linger, Timeout.InfiniteTimeSpan);
        }

        _open.Add(json);
        Interlocked.Add(ref _buffered, size);
        if (_open.Records >= _options.BatchRecords || _open.Length >= _options.BatchBytes || _options.Linger == TimeSpan.Zero)
        {
            SealOpen();
        }

        return true;
    }

    private void Seal()
    {
        lock (_gate)
        {
            SealOpen();
        }
    }

    private void SealOpen()
    {
        if (_open is { } full && _failure is null)
        {
            _open = null;
            _ready.Writer.TryWrite(full);
            _sending ??= Task.Run(SendAllAsync);
        }
    }

    private async Task SendAllAsync()
    {
        try
        {
            var sequence = await _sender.LastSequenceAsync(_closing.Token).ConfigureAwait(false);
            var before = Task.CompletedTask;
            await foreach (var batch in _ready.Reader.ReadAllAsync(_closing.Token).ConfigureAwait(false))
            {
                await _slots.WaitAsync(_closing.Token).ConfigureAwait(false);
                batch.Sequence = ++sequence;
                before = SendAsync(batch, before);
            }

            Task[] left;
            lock (_gate)
            {
                left = [.. _unacknowledged.Select(batch => batch.Acknowledged)];
            }

            await Task.WhenAll(left).WaitAsync(_closing.Token).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
    }

    private async Task SendAsync(OutgoingBatch batch, Task before)
    {
        try
        {
            await _sender.SendAsync(batch, before, _closing.Token).ConfigureAwait(false);
            lock (_gate)
            {
                _unacknowledged.Remove(batch);
                Interlocked.Add(ref _buffered, -batch.Length);
                Interlocked.Add(ref _delivered, batch.Records);
                Change();
            }

            batch.Acknowledge();
            _slots.Release();
        }
        catch (Exception failure)
        {
            // The batches behind it can't be delivered without it. Their slots stay taken: nothing more is sent.
            Fail(failure);
            await _closing.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Fail(Exception failure)
    {
        lock (_gate)
        {
            if (_failure is null && !(_isDisposed && failure is OperationCanceledException))
            {
                _failure = failure;
            }

            foreach (var batch in _unacknowledged)
            {
                batch.Fail(failure);
            }

            Change();
        }
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ThrowIfFailed();
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            _isFailureKnown = true;
            throw Again(failure);
        }
    }

    /// <summary>A failure that is thrown anew each time somebody asks.</summary>
    private static PipelineClientException Again(Exception failure) =>
        new(failure.Message, (failure as PipelineClientException)?.Status, failure);

    private void Change()
    {
        _room.TrySetResult();
        _room = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
