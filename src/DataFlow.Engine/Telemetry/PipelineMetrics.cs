namespace DataFlow.Engine.Telemetry;

/// <summary>
/// Counts what one run of a pipeline does, per batch and per commit, tagged with pipeline and source kind. Without a listener
/// it costs next to nothing. Counters go on from attempt to attempt: what is read again after a failure counts as read again.
/// The persisted counters, which balance, are those of the checkpoint.
/// </summary>
internal sealed class PipelineMetrics : IDisposable
{
    /// <summary>Most values of the tag <c>outcome</c>, so that no plug-in can flood a time-series database.</summary>
    public const int MaxOutcomes = 50;

    /// <summary>Outcome of everything beyond the first <see cref="MaxOutcomes"/>.</summary>
    public const string OtherOutcome = "other";

    private readonly PipelineMeter _meter;
    private readonly KeyValuePair<string, object?> _pipeline;
    private readonly KeyValuePair<string, object?> _source;
    private readonly HashSet<string> _outcomes = new(StringComparer.Ordinal);
    private long _offset;
    private long _unaccounted;

    internal PipelineMetrics(PipelineMeter meter, string pipelineId, string sourceType, TimeProvider time)
    {
        _meter = meter;
        _pipeline = new("pipeline_id", pipelineId);
        _source = new("source_type", sourceType);
        Tags = [_pipeline, _source];
        Waits = new WaitClock(time);
        WaitTags =
        [
            .. Enum.GetValues<WaitsFor>().Select(what =>
                (what, new KeyValuePair<string, object?>[] { _pipeline, _source, new("waits_for", what.ToString().ToLowerInvariant()) })),
        ];
    }

    /// <summary>Asks whether the source is healthy. Called by whoever collects metrics, on his thread.</summary>
    public Func<bool> Health { get; set; } = () => true;

    /// <summary>Asks the source how many bytes are left; null when it can't tell. Called on the thread that collects metrics.</summary>
    public Func<long?>? Backlog { get; set; }

    /// <summary>Asks the source how many records are left; null when it can't tell. Called on the thread that collects metrics.</summary>
    public Func<long?>? BacklogRecords { get; set; }

    /// <summary>Asks for how long records have been waiting. Called on the thread that collects metrics.</summary>
    public Func<TimeSpan> Freshness { get; set; } = () => TimeSpan.Zero;

    /// <summary>Asks for the memory between source and sink. Called on the thread that collects metrics.</summary>
    public Func<long?> InFlightBytes { get; set; } = () => 0;

    /// <summary>The memory from which on the source is not read.</summary>
    public long InFlightLimit { get; set; }

    /// <summary>What the run waits for.</summary>
    public WaitClock Waits { get; }

    internal IReadOnlyList<(WaitsFor What, KeyValuePair<string, object?>[] Tags)> WaitTags { get; }

    /// <summary>The tags of everything but parse errors.</summary>
    internal KeyValuePair<string, object?>[] Tags { get; }

    internal long Offset => Volatile.Read(ref _offset);

    internal long Unaccounted => Volatile.Read(ref _unaccounted);

    /// <summary>Counts a batch that was read and parsed. What transforms and sink did to it doesn't matter. One caller at a time.</summary>
    public void CountBatch(RecordBatch batch, TimeSpan duration)
    {
        var skipped = 0;
        for (var i = 0; i < batch.Errors.Count; i++)
        {
            if (batch.Errors[i] is { Stage: RecordError.Stages.Source, Reason: var reason })
            {
                skipped++;
                CountParseError(reason, 1);
            }
        }

        var records = batch.RowCount + skipped;
        _meter.RecordsRead.Add(records, _pipeline, _source);
        _meter.RecordsSkipped.Add(skipped, _pipeline, _source);
        _meter.BytesRead.Add(batch.BytesRead, _pipeline, _source);
        _meter.BatchesSent.Add(1, _pipeline, _source);
        _meter.BatchSize.Record(records, _pipeline, _source);
        _meter.BatchDuration.Record(duration.TotalSeconds, _pipeline, _source);
        if (batch.Outcomes.Count > 0)
        {
            foreach (var (outcome, times) in batch.Outcomes)
            {
                CountParseError(outcome, times);
            }
        }
    }

    /// <summary>Counts what a durable commit has brought.</summary>
    /// <param name="brought">The counters of this commit alone.</param>
    /// <param name="totals">The counters of the checkpoint.</param>
    /// <param name="offset">The committed position as one number.</param>
    public void CountCommit(RecordCounters brought, RecordCounters totals, long offset)
    {
        _meter.Delivered.Add(brought.Delivered, _pipeline, _source);
        _meter.Filtered.Add(brought.Filtered, _pipeline, _source);
        _meter.DeadLettered.Add(brought.DeadLettered, _pipeline, _source);
        _meter.Deduplicated.Add(brought.Deduplicated, _pipeline, _source);
        Volatile.Write(ref _offset, offset);
        Volatile.Write(ref _unaccounted, totals.Unaccounted);
    }

    /// <summary>Sets the position that a run starts from.</summary>
    public void StartAt(long offset) => Volatile.Write(ref _offset, offset);

    /// <summary>Counts a failure that ended an attempt.</summary>
    public void CountError() => _meter.Errors.Add(1, _pipeline, _source);

    /// <summary>Counts a failed attempt to reach the other side.</summary>
    public void CountConnectionError() => _meter.ConnectionErrors.Add(1, _pipeline, _source);

    /// <summary>Takes the gauges away.</summary>
    public void Dispose() => _meter.End(this);

    private void CountParseError(string outcome, int times)
    {
        var known = _outcomes.Contains(outcome) || (_outcomes.Count < MaxOutcomes && _outcomes.Add(outcome));
        _meter.ParseErrors.Add(times, _pipeline, _source, new("outcome", known ? outcome : OtherOutcome));
    }
}
