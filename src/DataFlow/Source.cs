using DataFlow.Client;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;

namespace DataFlow;

/// <summary>
/// A source in your own process: created from a <see cref="SourceConfig"/>, read as a stream or started into a sink. One class
/// for every kind: retries, batching, health, offsets and metrics are the engine's. One run at a time; properties may be read
/// from any thread.
/// </summary>
public class Source : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    private readonly PipelineSource _source;
    private readonly SourceServices _services;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private long _offset;
    private Advance? _resume;
    private volatile bool _isLeft;
    private PipelineRunner? _runner;
    private Task<PipelineOutcome>? _run;

    internal Source(string pipelineId, SourceConfig config, SourceServices? services = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(pipelineId);
        ArgumentNullException.ThrowIfNull(config);
        _services = services ?? new SourceServices();
        _source = SourceBinding.Bind(pipelineId, config, _services.Catalogue, _services.BaseDirectory);
        PipelineId = pipelineId;
        Config = config;
        SourceId = $"{_source.Definition.Name}-source-{pipelineId}-{Guid.NewGuid().ToString("N")[..8]}";
    }

    /// <summary>Unique per source object: <c>file-source-users-1f3a9c02</c>.</summary>
    public string SourceId { get; }

    /// <summary>The pipeline id that was given at creation.</summary>
    public string PipelineId { get; }

    /// <summary>The configuration that was given at creation.</summary>
    public SourceConfig Config { get; }

    /// <summary>
    /// Where the source has got to, as one number: lines for files, records for generated data. Zero before the first start,
    /// the last value after the end.
    /// </summary>
    public long CurrentOffset => _runner?.Progress.Offset ?? Volatile.Read(ref _offset);

    /// <summary>False while disconnected, failing, or ended by an error; true again after recovery.</summary>
    public bool IsHealthy => _isLeft || (_runner?.Progress.IsHealthy ?? true);

    /// <summary>Why it is unhealthy or what it waits for; null when all is well.</summary>
    public string? HealthReason => _runner?.Progress.Reason;

    /// <summary>Makes a source of the kind that the configuration names.</summary>
    /// <param name="pipelineId">Name of the pipeline it belongs to; positions are kept under it.</param>
    /// <param name="config">What to read.</param>
    /// <param name="services">Clock, log, state and catalogue; defaults keep the state in memory.</param>
    /// <exception cref="ConfigurationException">The configuration has problems: all of them are in the exception.</exception>
    public static Source Create(string pipelineId, SourceConfig config, SourceServices? services = null) => new(pipelineId, config, services);

    /// <summary>Goes on after an offset. Before the start only.</summary>
    /// <exception cref="NotSupportedException">This kind can't place a bare number.</exception>
    /// <exception cref="InvalidOperationException">The source has been started.</exception>
    public void ResumeFrom(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        lock (_gate)
        {
            ThrowIfStarted();
            if (_source.Definition.PositionFromNumber is not { } place)
            {
                throw new NotSupportedException(
                    $"A {_source.Definition.Name} source can't resume from the bare number {offset}: its positions are more than a number. " +
                    $"Give a complete position with 'dataflow state set'.");
            }

            _resume = place(_source.Settings, offset);
            _offset = offset;
        }
    }

    /// <summary>
    /// Reads into a sink until the source has ended. The task succeeds at the end and faults with the cause of a failure.
    /// </summary>
    /// <param name="pipeline">Where the records go. Opened and committed by the run; not disposed.</param>
    /// <exception cref="InvalidOperationException">The source has been started before.</exception>
    public Task Start(ISink pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        return FinishAsync(Launch(() => new BorrowedSink(pipeline)));
    }

    /// <summary>As <see cref="Start(ISink)"/>, into a function that is called with one batch of records after the other.</summary>
    /// <param name="pipeline">Takes a batch; the next one comes when its task has ended. A failure ends the run.</param>
    public Task Start(Func<IReadOnlyList<DataRecord>, CancellationToken, ValueTask> pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        return FinishAsync(Launch(() => new FunctionSink(pipeline)));
    }

    /// <summary>
    /// As <see cref="Start(ISink)"/>, into a pipeline of a service. The position is saved after the service has acknowledged the
    /// records; what was sent and not acknowledged when this process ends is sent once more by the next one.
    /// </summary>
    /// <param name="pipeline">Where the records go. Not disposed. What the service refuses for good ends the run.</param>
    public Task Start(PipelineClient pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        return FinishAsync(Launch(() => new PipelineClientSink(pipeline)));
    }

    /// <summary>The records as a stream. A slow reader slows the source. Leaving the loop stops the source.</summary>
    public async IAsyncEnumerable<DataRecord> Stream([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct = default)
    {
        await foreach (var batch in StreamBatches(ct).ConfigureAwait(false))
        {
            try
            {
                for (var index = 0; index < batch.Count; index++)
                {
                    yield return DataRecord.From(batch, batch.RowAt(index));
                }
            }
            finally
            {
                batch.Release();
            }
        }
    }

    /// <summary>
    /// The records in batches. Each batch belongs to the reader, who releases it. A batch counts as delivered when the reader asks
    /// for the next one; a <see cref="Stop"/> from within the loop therefore can't finish before the loop goes on or ends.
    /// </summary>
    public async IAsyncEnumerable<RecordBatch> StreamBatches(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct = default)
    {
        var sink = new StreamSink();
        var run = Launch(() => sink);
        _ = run.ContinueWith(_ => sink.Complete(), TaskScheduler.Default);
        try
        {
            await foreach (var batch in sink.Batches.ReadAllAsync(ct).ConfigureAwait(false))
            {
                yield return batch;
                sink.Taken();
            }

            await FinishAsync(run).ConfigureAwait(false);
        }
        finally
        {
            // A reader that leaves early is no failure; what it did not take comes again with the next source of this pipeline id.
            _isLeft = !run.IsCompleted;
            await _stop.CancelAsync().ConfigureAwait(false);
            sink.Abandon();
            await run.ConfigureAwait(false);
            sink.ReleaseUnread();
        }
    }

    /// <summary>Stops gracefully: no more intake, what was read is delivered and its position saved.</summary>
    /// <exception cref="TimeoutException">It did not end within 30 seconds.</exception>
    public async Task Stop()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_run is { } run)
        {
            await run.WaitAsync(StopLimit, _services.Time).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stop().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    private static async Task FinishAsync(Task<PipelineOutcome> run)
    {
        var outcome = await run.ConfigureAwait(false);
        if (outcome.Error is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(outcome.Error);
        }
    }

    private Task<PipelineOutcome> Launch(Func<ISink> createSink)
    {
        lock (_gate)
        {
            ThrowIfStarted();
            var spec = _source.ToSpec(PipelineId, () => _source.Definition.Create(_source.Settings), createSink);
            _runner = new PipelineRunner(spec, _services.State, _services.Time, _services.Logger) { SourceId = SourceId };
            return _run = Task.Run(() => RunAsync(_runner));
        }
    }

    private async Task<PipelineOutcome> RunAsync(PipelineRunner runner)
    {
        if (_resume is { } resume)
        {
            await _services.State.SeekAsync(PipelineId, resume.Split, resume.Position.ToSplitPosition(), SourceId, _stop.Token).ConfigureAwait(false);
        }

        return await runner.RunAsync(_stop.Token).ConfigureAwait(false);
    }

    private void ThrowIfStarted()
    {
        if (_run is not null)
        {
            throw new InvalidOperationException($"Source '{SourceId}' has been started already. Create another one to read again.");
        }
    }
}
