namespace DataFlow.Benchmarks;

/// <summary>Records as the lines of a bulk load, made while they are read: the least that anybody has to do who loads records.</summary>
internal sealed class RecordLines(IReadOnlyList<RecordBatch> batches) : Stream
{
    private readonly byte[] _line = new byte[4096];
    private int _batch;
    private int _row;
    private int _from;
    private int _to;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var written = 0;
        while (written < buffer.Length && (_from < _to || TryMakeLine()))
        {
            var length = Math.Min(_to - _from, buffer.Length - written);
            _line.AsSpan(_from, length).CopyTo(buffer[written..]);
            _from += length;
            written += length;
        }

        return written;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private bool TryMakeLine()
    {
        if (_batch < batches.Count && _row == batches[_batch].RowCount)
        {
            (_batch, _row) = (_batch + 1, 0);
        }

        if (_batch == batches.Count)
        {
            return false;
        }

        (_from, _to) = (0, 0);
        for (var column = 0; column < batches[_batch].Schema.Count; column++)
        {
            foreach (var letter in batches[_batch].Utf8(_row, column))
            {
                if (letter is (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\\')
                {
                    _line[_to++] = (byte)'\\';
                }

                _line[_to++] = letter;
            }

            _line[_to++] = (byte)'\t';
        }

        _line[_to - 1] = (byte)'\n';
        _row++;
        return true;
    }
}
