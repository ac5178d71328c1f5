using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Npgsql;

namespace DataFlow.Connectors;

/// <summary>
/// The rows that the driver has received and not handed out yet. The driver gives one row per read, and a read costs more than the
/// row; here the whole messages in its buffer are taken at once. What is not a whole message of rows stays for the driver to read.
/// Used between two reads of the stream, never during one.
/// </summary>
internal readonly struct PostgreSqlCopyBuffer
{
    private const string ConnectorType = "Npgsql.Internal.NpgsqlConnector, Npgsql";
    private const string BufferType = "Npgsql.Internal.NpgsqlReadBuffer, Npgsql";
    private const byte CopyData = (byte)'d';
    private const int MessageHead = 5;

    private readonly NpgsqlRawCopyStream _stream;
    private readonly object? _buffer;

    private PostgreSqlCopyBuffer(NpgsqlRawCopyStream stream, object? buffer)
    {
        _stream = stream;
        _buffer = buffer;
    }

    /// <summary>
    /// Finds the buffer behind a stream that has been opened for reading. With a driver that keeps its rows elsewhere nothing is ever
    /// taken, and each read of the stream gives one row, as documented.
    /// </summary>
    public static PostgreSqlCopyBuffer Of(NpgsqlConnection connection, NpgsqlRawCopyStream stream)
    {
        try
        {
            var buffer = ReadBuffer(Connector(connection));
            _ = (LeftInMessage(stream), Bytes(buffer), FilledBytes(buffer), GetReadPosition(buffer));
            return new PostgreSqlCopyBuffer(stream, buffer);
        }
        catch (Exception failure) when (failure is MissingMemberException or TypeLoadException)
        {
            return new PostgreSqlCopyBuffer(stream, null);
        }
    }

    /// <summary>Copies the payload of whole messages, as many as are there and have room.</summary>
    /// <returns>Bytes that were copied.</returns>
    public int Take(Span<byte> room)
    {
        if (_buffer is null || LeftInMessage(_stream) != 0)
        {
            return 0;
        }

        var from = GetReadPosition(_buffer);
        var received = Bytes(_buffer).AsSpan(from, FilledBytes(_buffer) - from);
        var (at, taken) = (0, 0);
        while (received.Length - at >= MessageHead && received[at] == CopyData)
        {
            // The length counts itself.
            var length = BinaryPrimitives.ReadInt32BigEndian(received[(at + 1)..]) - sizeof(int);
            if (length <= 0 || length > received.Length - at - MessageHead || length > room.Length - taken)
            {
                break;
            }

            received.Slice(at + MessageHead, length).CopyTo(room[taken..]);
            at += MessageHead + length;
            taken += length;
        }

        SetReadPosition(_buffer, from + at);
        return taken;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_leftToReadInDataMsg")]
    private static extern ref int LeftInMessage(NpgsqlRawCopyStream stream);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Connector")]
    [return: UnsafeAccessorType(ConnectorType)]
    private static extern object Connector(NpgsqlConnection connection);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_ReadBuffer")]
    [return: UnsafeAccessorType(BufferType)]
    private static extern object ReadBuffer([UnsafeAccessorType(ConnectorType)] object connector);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "Buffer")]
    private static extern ref byte[] Bytes([UnsafeAccessorType(BufferType)] object buffer);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "FilledBytes")]
    private static extern ref int FilledBytes([UnsafeAccessorType(BufferType)] object buffer);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_ReadPosition")]
    private static extern int GetReadPosition([UnsafeAccessorType(BufferType)] object buffer);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_ReadPosition")]
    private static extern void SetReadPosition([UnsafeAccessorType(BufferType)] object buffer, int position);
}
