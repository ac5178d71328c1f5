using System.Buffers;

namespace DataFlow.Client;

/// <summary>Records on their way: filled, then sent until they are acknowledged.</summary>
internal sealed class OutgoingBatch
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly TaskCompletionSource _acknowledged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Its number among the producer's; 0 until it is sent.</summary>
    public long Sequence { get; set; }

    public int Records { get; private set; }

    public int Length => _lines.WrittenCount;

    /// <summary>JSON lines.</summary>
    public ReadOnlyMemory<byte> Lines => _lines.WrittenMemory;

    public Task Acknowledged => _acknowledged.Task;

    /// <summary>Adds a record as one line: a line break between the tokens of a JSON value is as good as a space.</summary>
    public void Add(ReadOnlySpan<byte> json)
    {
        var line = _lines.GetSpan(json.Length + 1);
        json.CopyTo(line);
        line[..json.Length].ReplaceAny(LineBreaks, (byte)' ');
        line[json.Length] = (byte)'\n';
        _lines.Advance(json.Length + 1);
        Records++;
    }

    public void Acknowledge() => _acknowledged.TrySetResult();

    public void Fail(Exception failure)
    {
        _acknowledged.TrySetException(failure);

        // Whoever flushes sees it; nobody has to.
        _ = _acknowledged.Task.Exception;
    }
}
