namespace DataFlow.Connectors;

/// <summary>
/// The bytes of a batch while they are received. They count against the inbox from the moment that room is taken for them until the
/// batch is delivered. Not thread-safe; owned by the receiver until it is handed to <see cref="PushInbox.DeliverAsync"/>.
/// </summary>
public sealed class PushBody : IDisposable
{
    private readonly PushInbox _inbox;
    private readonly BatchPool _pool;
    private byte[] _buffer = [];
    private long _reserved;

    internal PushBody(PushInbox inbox, BatchPool pool)
    {
        _inbox = inbox;
        _pool = pool;
    }

    /// <summary>Bytes so far.</summary>
    public int Length { get; private set; }

    /// <summary>Room for more bytes, after <see cref="TryReserve"/>.</summary>
    public Memory<byte> Free => _buffer.AsMemory(0, (int)_reserved)[Length..];

    /// <summary>The first byte that is neither white space nor a byte order mark; 0 when there is none.</summary>
    public byte FirstCharacter => Bytes.Span.TrimStart("\uFEFF \t\r\n"u8) is [var first, ..] ? first : (byte)0;

    /// <summary>The bytes so far.</summary>
    internal ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, Length);

    /// <summary>Makes room for at least so many more bytes.</summary>
    /// <returns>False when the inbox is full: nothing has changed.</returns>
    public bool TryReserve(int more)
    {
        var needed = Length + more;
        if (needed <= _reserved)
        {
            return true;
        }

        if (!_inbox.TryTake(needed - _reserved))
        {
            return false;
        }

        _reserved = needed;
        var larger = _pool.RentBytes(needed);
        _buffer.AsSpan(0, Length).CopyTo(larger);
        Return();
        _buffer = larger;
        return true;
    }

    /// <summary>Takes bytes that were written into the free room.</summary>
    public void Advance(int length) => Length += length;

    /// <summary>Gives buffer and room back.</summary>
    public void Dispose()
    {
        Return();
        _buffer = [];
        Length = 0;
        _inbox.GiveBack(_reserved);
        _reserved = 0;
    }

    private void Return()
    {
        if (_buffer.Length > 0)
        {
            _pool.Return(_buffer);
        }
    }

    /// <summary>The bytes are parsed: the buffer goes back, the room stays taken.</summary>
    /// <returns>The room, for <see cref="PushInbox.GiveBack"/>.</returns>
    internal long Detach()
    {
        Return();
        var reserved = _reserved;
        (_buffer, Length, _reserved) = ([], 0, 0);
        return reserved;
    }
}
