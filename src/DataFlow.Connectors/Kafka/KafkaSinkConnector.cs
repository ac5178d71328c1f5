using Confluent.Kafka;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>
/// Writes records as messages. A batch counts as written when the brokers have answered for each of its messages. With delivery:
/// effectively-once everything between two commits is one transaction, which also holds the checkpoint.
/// </summary>
internal sealed class KafkaSinkConnector(SinkSettings settings) : ISink
{
    private static readonly HashSet<string> ProducerOnly =
    [
        "enable.idempotence", "acks", "compression.type", "message.timeout.ms", "linger.ms", "partitioner", "transactional.id", "transaction.timeout.ms",
    ];

    private readonly KafkaSinkOptions _options = (KafkaSinkOptions)settings.Options;
    private readonly Dictionary<string, string> _properties = PropertiesOf(settings);
    private readonly KafkaMapping _mapping = new((KafkaSinkOptions)settings.Options);
    private readonly bool _isTransactional = IsTransactional(settings);
    private readonly Dictionary<string, SplitPosition> _splits = [];
    private IProducer<byte[]?, byte[]?>? _producer;
    private KafkaCheckpoints? _checkpoints;
    private KafkaNotices? _notices;
    private IBatchEncoder? _encoder;
    private ConnectorException? _fatal;
    private bool _isInTransaction;

    private IProducer<byte[]?, byte[]?> Producer => _producer ?? throw new InvalidOperationException("The sink is not open.");

    private string TransactionalId => $"dataflow-{settings.PipelineId}";

    /// <summary>True when records and checkpoint are written in one transaction.</summary>
    public static bool IsTransactional(SinkSettings settings) => settings.Delivery == DeliveryGuarantee.EffectivelyOnce;

    /// <inheritdoc/>
    public async ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        await DisposeAsync().ConfigureAwait(false);
        _encoder = new NdjsonEncoder(context.Pool);
        var notices = _notices = new KafkaNotices(context.Logger, context.Time);
        var producer = _producer = Build(notices);
        var topics = new KafkaTopicList(producer, [_options.Topic], settings.Connection);
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
        if (_mapping.IsOneTopic)
        {
            await Task.Run(() => topics.EnsureExists(_options.Topic, _options.ConnectTimeout), ct).ConfigureAwait(false);
        }

        return _isTransactional ? await TakeOverAsync(producer, context.Generation, ct).ConfigureAwait(false) : null;
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
        var refused = new List<RefusedRow>();
        var deliveries = new KafkaDeliveries();
        Send(batch, refused, deliveries);
        await deliveries.AllAsync().ConfigureAwait(false);
        foreach (var (row, error) in deliveries.Failed)
        {
            refused.Add(Refusal(row, error) ?? throw Failure(error));
        }

        return new WriteResult(refused);
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
        Begin();
        var deliveries = new KafkaDeliveries();
        Send(_checkpoints!.Target, _checkpoints.ToMessage(checkpoint with { Splits = _splits }), 0, deliveries);
        await deliveries.AllAsync().ConfigureAwait(false);
        if (deliveries.Failed is [var failed, ..])
        {
            throw Failure(failed.Error);
        }

        try
        {
            await Task.Run(() => Producer.CommitTransaction(_options.DeliveryTimeout), CancellationToken.None).ConfigureAwait(false);
        }
        catch (KafkaException exception)
        {
            throw Failure(exception.Error);
        }

        _isInTransaction = false;
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_producer is not { } producer)
        {
            return;
        }

        _producer = null;
        _fatal = null;
        await Task.Run(() => Close(producer)).ConfigureAwait(false);
    }

    private static Dictionary<string, string> PropertiesOf(SinkSettings settings)
    {
        var options = (KafkaSinkOptions)settings.Options;
        var properties = KafkaClientProperties.Of(settings.Connection, options, $"dataflow-{settings.PipelineId}");
        properties["enable.idempotence"] = "true";
        properties["acks"] = "all";
        properties["compression.type"] = options.Compression.ToString().ToLowerInvariant();
        properties["message.timeout.ms"] = KafkaClientProperties.Milliseconds(options.DeliveryTimeout);
        properties["linger.ms"] = "5";

        // The partitioner of Java clients, so that records with one key meet those that others write.
        properties["partitioner"] = "murmur2_random";
        if (IsTransactional(settings))
        {
            properties["transactional.id"] = $"dataflow-{settings.PipelineId}";
            properties["transaction.timeout.ms"] = KafkaClientProperties.Milliseconds(options.DeliveryTimeout);
        }

        return properties.With(options.Client);
    }

    private IProducer<byte[]?, byte[]?> Build(KafkaNotices notices)
    {
        try
        {
            return new ProducerBuilder<byte[]?, byte[]?>(_properties)
                .SetErrorHandler((_, error) => Failed(error, notices))
                .SetLogHandler((_, line) =>
                {
                    if (line.Level <= SyslogLevel.Warning)
                    {
                        notices.Say($"log {line.Facility}", line.Message);
                    }
                })
                .Build();
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            throw ConnectorException.User($"The Kafka client can't be made: {exception.Message} Check the options of the sink.", exception);
        }
    }

    private void Failed(Error error, KafkaNotices notices)
    {
        if (KafkaFaults.Fatal(error, settings.Connection, TransactionalId) is { } fatal)
        {
            _fatal ??= fatal;
        }

        notices.Say(error);
    }

    /// <summary>Raises the fence against earlier runs, ends their open transaction, and reads what they have committed last.</summary>
    private async Task<Checkpoint?> TakeOverAsync(IProducer<byte[]?, byte[]?> producer, long generation, CancellationToken ct)
    {
        var own = _properties.Where(property => !ProducerOnly.Contains(property.Key)).ToDictionary();
        _checkpoints = new KafkaCheckpoints(_options.CheckpointTopic, settings.PipelineId, own, _options.ConnectTimeout);
        try
        {
            await _checkpoints.EnsureTopicAsync(producer.Handle).ConfigureAwait(false);
            await Task.Run(() => producer.InitTransactions(_options.ConnectTimeout), ct).ConfigureAwait(false);
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
        if (_isTransactional && !_isInTransaction)
        {
            Producer.BeginTransaction();
            _isInTransaction = true;
        }
    }

    private void Send(RecordBatch batch, List<RefusedRow> refused, KafkaDeliveries deliveries)
    {
        using var encoded = _options.Format == KafkaValueFormat.Json ? _encoder!.Encode(batch) : null;
        refused.AddRange(encoded?.Refused ?? []);
        var unencoded = refused.Select(row => row.Row).ToHashSet();
        var lines = encoded is null ? default : encoded.Bytes.Span;
        var field = batch.Schema.IndexOf(_options.ValueField);
        for (var index = 0; index < batch.Count; index++)
        {
            var row = batch.RowAt(index);
            if (unencoded.Contains(row))
            {
                continue;
            }

            var line = ReadOnlySpan<byte>.Empty;
            if (encoded is not null)
            {
                var end = lines.IndexOf((byte)'\n');
                line = lines[..end];
                lines = lines[(end + 1)..];
            }

            if (_mapping.TryMap(batch, row, out var target, out var message) is { } refusal)
            {
                refused.Add(refusal);
                continue;
            }

            if (batch.OperationOf(row) != RecordOperation.Delete)
            {
                if (encoded is null && (field < 0 || batch.Field(row, field).Kind is FieldKind.Absent or FieldKind.Unchanged))
                {
                    refused.Add(new RefusedRow(row, "no-such-field", $"The record has no field '{_options.ValueField}' to write as the value; name another one in value-field."));
                    continue;
                }

                message.Value = encoded is null ? ValueOf(batch, row, field) : line.ToArray();
            }

            Send(target, message, row, deliveries);
        }
    }

    private static byte[]? ValueOf(RecordBatch batch, int row, int column)
    {
        var field = batch.Field(row, column);
        return field.Kind switch
        {
            FieldKind.Null => null,
            FieldKind.Bytes => batch.Raw(field).ToArray(),
            _ => batch.Utf8(row, column).ToArray(),
        };
    }

    private void Send(TopicPartition target, Message<byte[]?, byte[]?> message, int row, KafkaDeliveries deliveries)
    {
        var answered = deliveries.Expect(row);
        while (true)
        {
            try
            {
                Producer.Produce(target, message, answered);
                return;
            }
            catch (ProduceException<byte[]?, byte[]?> exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
            {
                Producer.Flush(TimeSpan.FromMilliseconds(100));
                ThrowIfFatal();
            }
            catch (ProduceException<byte[]?, byte[]?> exception)
            {
                deliveries.NotSent(row, exception.Error);
                return;
            }
        }
    }

    /// <summary>A refusal that concerns this message alone and would come again; null when the batch has failed.</summary>
    private RefusedRow? Refusal(int row, Error error)
    {
        var isOwn = error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidRecord or ErrorCode.InvalidMsg or ErrorCode.InvalidTimestamp
            or ErrorCode.PolicyViolation or ErrorCode.Local_UnknownPartition;
        if (!isOwn)
        {
            return null;
        }

        if (_isTransactional && error.IsBrokerError && error.Code != ErrorCode.MsgSizeTooLarge)
        {
            // The transaction is void with it, and without a transaction's other records there is no letting it go.
            return null;
        }

        return error.Code switch
        {
            ErrorCode.MsgSizeTooLarge => new RefusedRow(
                row, "too-large", $"The message is larger than allowed ({KafkaFaults.Reason(error)}). Raise message.max.bytes under client and max.message.bytes of the topic to let it through."),
            ErrorCode.Local_UnknownPartition => new RefusedRow(row, "bad-partition", "The topic has no such partition; check the field that the option partition names."),
            _ => new RefusedRow(row, "refused", $"The broker refuses the message for good: {KafkaFaults.Reason(error)}."),
        };
    }

    private ConnectorException Failure(Error error) =>
        error.Code is ErrorCode.Local_Fenced or ErrorCode.InvalidProducerEpoch or ErrorCode.ProducerFenced
            ? ConnectorException.User(
                $"Another run writes under the transactional id '{TransactionalId}': this one was locked out and has stopped. Nothing that it wrote since its last commit counts. "
                + "Give each pipeline of a cluster its own name.")
            : KafkaFaults.Fatal(error, settings.Connection, TransactionalId)
                ?? ConnectorException.External($"Kafka at {settings.Connection} did not take the records: {KafkaFaults.Reason(error)}.", new KafkaException(error));

    private void Close(IProducer<byte[]?, byte[]?> producer)
    {
        if (_isInTransaction)
        {
            _isInTransaction = false;
            try
            {
                // Readers of committed data wait for an open transaction; a broken connection ends it later.
                producer.AbortTransaction(TimeSpan.FromSeconds(10));
            }
            catch (KafkaException exception)
            {
                _notices?.Say(exception.Error);
            }
        }

        producer.Dispose();
    }

    private void ThrowIfFatal()
    {
        if (_fatal is { } fatal)
        {
            throw fatal;
        }
    }
}
