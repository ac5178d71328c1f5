namespace DataFlow.Connectors;

/// <summary>The messages of a batch: which rows become one, and where their values stand. Used again for the next batch.</summary>
internal sealed class KafkaOutgoing(KafkaSinkOptions options, KafkaMapping mapping, IBatchEncoder encoder) : IDisposable
{
    private readonly List<(int Row, int Start, int Length)> _values = [];
    private readonly KafkaMessage _message = new();
    private RecordBatch? _batch;
    private EncodedBatch? _encoded;

    /// <summary>Number of messages.</summary>
    public int Count => _values.Count;

    /// <summary>The 0-based physical row of a message.</summary>
    public int RowOf(int number) => _values[number].Row;

    /// <summary>The record's own identity, the same when it is read again.</summary>
    public Guid DeliveryIdOf(int number) => _batch!.DeliveryIdOf(RowOf(number));

    /// <summary>Takes the records of a batch, which stays the caller's.</summary>
    /// <param name="batch">The records.</param>
    /// <param name="refused">Gets those that can't become a value.</param>
    public void Take(RecordBatch batch, List<RefusedRow> refused)
    {
        Dispose();
        _batch = batch;
        if (options.Format == KafkaValueFormat.Json)
        {
            TakeJson(batch, refused);
        }
        else
        {
            TakeField(batch, refused);
        }
    }

    /// <summary>Sends a message.</summary>
    /// <param name="number">0-based.</param>
    /// <param name="producer">Takes it.</param>
    /// <param name="error">Why the producer did not take it; null when it did.</param>
    /// <returns>Why the record can't become a message; null when it can.</returns>
    public RefusedRow? Send(int number, KafkaProducer producer, out Confluent.Kafka.Error? error)
    {
        var (row, start, length) = _values[number];
        error = null;
        if (mapping.TryMap(_batch!, row, _message) is { } refusal)
        {
            return refusal;
        }

        var isNull = length == KafkaFrame.Null;
        var value = isNull ? default : _encoded is { } encoded ? encoded.Bytes.Span.Slice(start, length) : FieldOf(row);
        error = producer.Send(_message, value, isNull, number);
        return null;
    }

    /// <summary>Gives back what the last batch took.</summary>
    public void Dispose()
    {
        _encoded?.Dispose();
        _encoded = null;
        _batch = null;
        _values.Clear();
    }

    private void TakeJson(RecordBatch batch, List<RefusedRow> refused)
    {
        var encoded = _encoded = encoder.Encode(batch);
        refused.AddRange(encoded.Refused);
        var lines = encoded.Bytes.Span;
        var unencoded = 0;
        var at = 0;
        for (var index = 0; index < batch.Count; index++)
        {
            var row = batch.RowAt(index);
            if (unencoded < encoded.Refused.Count && encoded.Refused[unencoded].Row == row)
            {
                unencoded++;
                continue;
            }

            var length = lines[at..].IndexOf((byte)'\n');
            _values.Add((row, at, batch.OperationOf(row) == RecordOperation.Delete ? KafkaFrame.Null : length));
            at += length + 1;
        }
    }

    private void TakeField(RecordBatch batch, List<RefusedRow> refused)
    {
        var column = batch.Schema.IndexOf(options.ValueField);
        for (var index = 0; index < batch.Count; index++)
        {
            var row = batch.RowAt(index);
            var kind = column < 0 ? FieldKind.Absent : batch.Field(row, column).Kind;
            if (batch.OperationOf(row) == RecordOperation.Delete || kind == FieldKind.Null)
            {
                _values.Add((row, 0, KafkaFrame.Null));
            }
            else if (kind is FieldKind.Absent or FieldKind.Unchanged)
            {
                refused.Add(new RefusedRow(
                    row, "no-such-field", $"The record has no field '{options.ValueField}' to write as the value; name another one in value-field."));
            }
            else
            {
                _values.Add((row, 0, 0));
            }
        }
    }

    private ReadOnlySpan<byte> FieldOf(int row)
    {
        var column = _batch!.Schema.IndexOf(options.ValueField);
        var field = _batch.Field(row, column);
        return field.Kind == FieldKind.Bytes ? _batch.Raw(field) : _batch.Utf8(row, column);
    }
}
