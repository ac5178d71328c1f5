using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>Reads the value of a message that became a dead letter again. Its key and headers are not known any more.</summary>
internal static class KafkaDeadLetter
{
    public static void ReadAgain(SourceSettings settings, RecordBatch batch, RecordError letter, SplitPosition? position)
    {
        var options = (KafkaSourceOptions)settings.Options;
        var frame = new KafkaFrame
        {
            Offset = letter.Offset,
            Timestamp = -1,
            LeaderEpoch = -1,
            KeyLength = KafkaFrame.Null,
            ValueLength = letter.Raw.Length,
        };
        batch.Length = 0;
        KafkaFrame.Append(batch, in frame, [], [], letter.Raw);
        new KafkaRows(options).Parse(batch);
        var colon = letter.Split.LastIndexOf(':');
        batch.Metadata
            .Set("source", SourceType.Kafka)
            .Set("topic", colon < 0 ? letter.Split : letter.Split[..colon])
            .Set("partition", colon < 0 ? "" : letter.Split[(colon + 1)..])
            .Set("format", options.Format.ToString().ToLowerInvariant())
            .Set("kafka_timestamp", (-1).ToString(CultureInfo.InvariantCulture));
    }
}
