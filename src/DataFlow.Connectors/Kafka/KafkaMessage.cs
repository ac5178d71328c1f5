using System.Buffers;

namespace DataFlow.Connectors;

/// <summary>Topic, partition, key and headers of a message that is about to be sent. Used again for the next one.</summary>
internal sealed class KafkaMessage
{
    private readonly ArrayBufferWriter<byte> _value = new();
    private byte[] _headers = [];
    private int _headersLength;

    /// <summary>The topic's name; ends with a zero byte.</summary>
    public ArrayBufferWriter<byte> Topic { get; } = new();

    /// <summary>-1: by the key.</summary>
    public int Partition { get; set; } = -1;

    /// <summary>False for a message without a key.</summary>
    public bool HasKey { get; set; }

    public ArrayBufferWriter<byte> Key { get; } = new();

    /// <summary>As <see cref="KafkaHeaders"/> lays them out.</summary>
    public ReadOnlySpan<byte> Headers => _headers.AsSpan(0, _headersLength);

    /// <summary>Begins the next message.</summary>
    public void Clear()
    {
        Topic.ResetWrittenCount();
        Key.ResetWrittenCount();
        HasKey = false;
        Partition = -1;
        _headersLength = 0;
    }

    /// <summary>Adds a header, unless the row lacks its value.</summary>
    public void AddHeader(ReadOnlySpan<byte> name, RecordText text, RecordBatch batch, int row)
    {
        _value.ResetWrittenCount();
        if (text.TryAppend(batch, row, _value))
        {
            KafkaHeaders.Append(ref _headers, ref _headersLength, name, _value.WrittenSpan, isNull: false);
        }
    }
}
