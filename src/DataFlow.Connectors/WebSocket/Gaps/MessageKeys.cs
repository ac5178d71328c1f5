using System.IO.Hashing;
using System.Text;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>Finds the keys by which messages and records are recognised, as hashes. Thread-safe.</summary>
internal sealed class MessageKeys(GapFillOptions options)
{
    private readonly JsonPath _ofMessage = JsonPath.Parse(options.KeyOfMessages);
    private readonly ApiRecordValue _ofRecord = new(options.DeduplicateBy);

    /// <summary>The key of a message; null when it has none.</summary>
    public long? Of(ReadOnlySpan<byte> message)
    {
        if (!_ofMessage.TryFind(message, out var start, out var length))
        {
            return null;
        }

        var key = message.Slice(start, length);
        return key.Contains((byte)'\\') ? HashOf(MessageFrame.CursorText(key)) : HashOf(key);
    }

    /// <summary>The key of a record of the API; null when it has none.</summary>
    public long? Of(RecordBatch batch, int row) => _ofRecord.Of(batch, row) is { } key ? HashOf(key) : null;

    private static long HashOf(string key) => HashOf(Encoding.UTF8.GetBytes(key));

    private static long HashOf(ReadOnlySpan<byte> key) => (long)XxHash3.HashToUInt64(key);
}
