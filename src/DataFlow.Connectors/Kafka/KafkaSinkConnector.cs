using Confluent.Kafka;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>
/// Writes records as messages. A batch counts as written when the brokers have answered for each of its messages. With delivery:
/// effectively-once everything between two commits is one transaction, which also holds the checkpoint.
/// </summary>
/// <param name="settings">What it is made from.</param>
/// <param name="known">What earlier attempts of the run have found out.</param>
internal sealed class KafkaSinkConnector(SinkSettings settings, KafkaKnownRefusals known) : ISink
{
    private readonly KafkaSinkOptions _options = (KafkaSinkOptions)settings.Options;
    private readonly Dictionary<string, string> _properties = KafkaSinkProperties.Of(settings);
    private readonly KafkaMapping _mapping = new((KafkaSinkOptions)settings.Options);
    private readonly bool _isTransactional = IsTransactional(settings);
    private readonly Dictionary<string, SplitPosition> _splits = [];
    private KafkaProducer? _producer;
    private KafkaTransaction? _transaction;
    private KafkaCheckpoints? _checkpoints;
    private KafkaBatchWriter? _writer;
    private KafkaNotices? _notices;
    private KafkaLog? _log;
    private ConnectorException? _fatal;
    private TimeProvider _time = TimeProvider.System;
    private volatile bool _wasConnected;

    private string TransactionalId => KafkaSinkProperties.TransactionalId(settings);

    /// <summary>True when records and checkpoint are written in one transaction.</summary>
    public static bool IsTransactional(SinkSettings settings) => settings.Delivery == DeliveryGuarantee.EffectivelyOnce;

    /// <inheritdoc/>
    public async ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        await DisposeAsync().ConfigureAwait(false);
        _time = context.Time;
        _log = new KafkaLog(context.Logger);
        var notices = _notices = new KafkaNotices(_log, context.Time);
        var producer = _producer = Build(notices);
        var topics = new KafkaTopicList(producer.Client, [_options.Topic], settings.Connection);
        var started = context.Time.GetTimestamp();
        while (!await Task.Run(topics.TryRefresh, ct).ConfigureAwait(false))
        {
            ThrowIfFatal();
            ct.ThrowIfCancellationRequested();
            if (context.Time.GetElapsedTime(started) >= _options.ConnectTimeout)
            {
                throw KafkaFaults.Timeout(settings.Connection, _options.ConnectTimeout, notices.LastError);
            }
        }

        ThrowIfFatal();
        _wasConnected = true;
        _transaction = _isTransactional ? new KafkaTransaction(producer.Client, _options.DeliveryTimeout, _time) : null;
        _writer = new KafkaBatchWriter(
            producer, _transaction, new KafkaOutgoing(_options, _mapping, new NdjsonEncoder(context.Pool)), known, _mapping.IsOneTopic, _time, Failure);
        if (_mapping.IsOneTopic)
        {
            await Task.Run(() => topics.EnsureExists(_options.Topic, _options.ConnectTimeout), ct).ConfigureAwait(false);
        }

        return _isTransactional ? await TakeOverAsync(producer.Client, context.Generation, ct).ConfigureAwait(false) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Count == 0)
        {
            return WriteResult.Written;
        }

        Begin();
        return new WriteResult(await _writer!.WriteAsync(batch).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (!_isTransactional)
        {
            return null;
        }

        Keep(checkpoint.Splits);
        foreach (var split in checkpoint.Gone)
        {
            _splits.Remove(split);
        }

        Begin();
        var (message, value) = _checkpoints!.ToMessage(checkpoint with { Splits = _splits });
        if (await _writer!.SendAsync(message, value).ConfigureAwait(false) is { } error)
        {
            throw error.Code == ErrorCode.MsgSizeTooLarge ? KafkaFaults.CheckpointTooLarge(_options.CheckpointTopic, _splits.Count) : Failure(error);
        }

        try
        {
            await Task.Run(_transaction!.Commit, CancellationToken.None).ConfigureAwait(false);
        }
        catch (KafkaException exception)
        {
            throw Failure(exception.Error);
        }

        known.Clear();
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_producer is { } producer)
        {
            await Task.Run(() =>
            {
                // Readers of committed data wait for an open transaction.
                if (_transaction?.Abort() is { } error)
                {
                    _notices!.Say(error);
                }

                producer.Dispose();
            }).ConfigureAwait(false);
        }

        _log?.Dispose();
        _producer = null;
        _transaction = null;
        _fatal = null;
        _log = null;
        _wasConnected = false;
    }

    private KafkaProducer Build(KafkaNotices notices)
    {
        try
        {
            return new KafkaProducer(_properties, error => Failed(error, notices), notices.Say);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            throw ConnectorException.User($"The Kafka client can't be made: {exception.Message} Check the options of the sink.", exception);
        }
    }

    private void Failed(Error error, KafkaNotices notices)
    {
        if (!error.IsFatal && !KafkaFaults.MayPass(error, _wasConnected) && KafkaFaults.Fatal(error, settings.Connection, TransactionalId) is { } fatal)
        {
            _fatal ??= fatal;
        }

        notices.Say(error);
    }

    /// <summary>Raises the fence against earlier runs, ends their open transaction, and reads what they have committed last.</summary>
    private async Task<Checkpoint?> TakeOverAsync(IProducer<Null, Null> client, long generation, CancellationToken ct)
    {
        _checkpoints = new KafkaCheckpoints(
            _options.CheckpointTopic, settings.PipelineId, KafkaSinkProperties.OfReader(_properties), _options.ConnectTimeout);
        try
        {
            await _checkpoints.EnsureTopicAsync(client.Handle).ConfigureAwait(false);
            await Task.Run(() => client.InitTransactions(_options.ConnectTimeout), ct).ConfigureAwait(false);
            var held = await Task.Run(_checkpoints.Read, ct).ConfigureAwait(false);
            _splits.Clear();
            if (held is not null && held.Generation >= generation)
            {
                Keep(held.Splits);
            }

            return held;
        }
        catch (KafkaException exception)
        {
            throw Failure(exception.Error);
        }
    }

    private void Keep(IReadOnlyDictionary<string, SplitPosition> splits)
    {
        foreach (var (split, position) in splits)
        {
            _splits[split] = position;
        }
    }

    private void Begin()
    {
        ThrowIfFatal();
        try
        {
            _transaction?.Begin();
        }
        catch (KafkaException exception)
        {
            throw Failure(exception.Error);
        }
    }

    private ConnectorException Failure(Error said)
    {
        var error = _producer?.FatalError ?? said;
        return error.Code is not (ErrorCode.Local_Fenced or ErrorCode.InvalidProducerEpoch or ErrorCode.ProducerFenced)
            ? KafkaFaults.Fatal(error, settings.Connection, TransactionalId)
                ?? ConnectorException.External($"Kafka at {settings.Connection} did not take the records: {KafkaFaults.Reason(error)}.", new KafkaException(error))
            : _transaction?.IsOverdue == true
                ? ConnectorException.External(
                    $"A transaction at {settings.Connection} was open for longer than delivery-timeout ({_options.DeliveryTimeout.TotalSeconds:0} s), so that the brokers "
                    + "have given it up. What was written since the last commit is written again.")
                : ConnectorException.User(
                    $"Another run writes under the transactional id '{TransactionalId}': this one was locked out and has stopped. Nothing that it wrote since its last commit counts. "
                    + "Give each pipeline of a cluster its own name.");
    }

    private void ThrowIfFatal()
    {
        if (_fatal is { } fatal)
        {
            throw fatal;
        }
    }
}
