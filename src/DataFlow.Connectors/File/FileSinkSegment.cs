namespace DataFlow.Connectors;

/// <summary>One file of the output while it is written to. After a failure it takes no more: its last bytes are in doubt.</summary>
/// <param name="file">Closed with the segment.</param>
/// <param name="path">The file's path, for messages.</param>
/// <param name="length">Where to go on writing.</param>
/// <param name="compression">How to compress.</param>
internal sealed class FileSinkSegment(IOutputFile file, string path, long length, OutputCompression compression) : IDisposable
{
    private const int FlushBytes = 256 * 1024;

    private readonly FileSinkMember? _member = compression == OutputCompression.None ? null : new FileSinkMember(compression);
    private bool _isDirty;
    private bool _hasFailed;

    public string Path => path;

    /// <summary>Bytes in the file.</summary>
    public long Length { get; private set; } = length;

    public bool IsEmpty => Length == 0 && _member is not { IsOpen: true };

    /// <summary>True when there are bytes that no <see cref="SyncAsync"/> has made durable.</summary>
    public bool IsDirty => _isDirty;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        if (bytes.IsEmpty)
        {
            return ValueTask.CompletedTask;
        }

        ThrowIfFailed();
        _isDirty = true;
        if (_member is null)
        {
            return AppendAsync(bytes, ct);
        }

        _member.Add(bytes.Span);
        return _member.Pending.Length < FlushBytes ? ValueTask.CompletedTask : AppendPendingAsync(ct);
    }

    /// <summary>Ends the compressed member and makes everything durable.</summary>
    public async ValueTask SyncAsync(CancellationToken ct)
    {
        ThrowIfFailed();
        if (_member is not null)
        {
            _member.End();
            await AppendPendingAsync(ct).ConfigureAwait(false);
        }

        CrashPoint.Reach(CrashPoint.BeforeFsync);
        try
        {
            // An fsync takes as long as the disk does: not on the thread that reads meanwhile.
            await Task.Run(file.FlushToDisk, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (FileSinkFailure.IsFromFileSystem(e))
        {
            _hasFailed = true;
            throw FileSinkFailure.ToWrite(path, e);
        }

        _isDirty = false;
        CrashPoint.Reach(CrashPoint.AfterFsync);
    }

    /// <summary>Reads what stands in the file.</summary>
    public int Read(Span<byte> buffer, long offset) => file.Read(buffer, offset);

    /// <summary>Takes no more bytes from now on: what was written can't be made durable.</summary>
    public void Fail() => _hasFailed = true;

    /// <summary>The hash of the last bytes.</summary>
    public string Tail() => FileSinkTail.Of(file, Length);

    public void Dispose()
    {
        _member?.Dispose();
        file.Dispose();
    }

    private async ValueTask AppendPendingAsync(CancellationToken ct)
    {
        if (_member!.Pending.Length > 0)
        {
            await AppendAsync(_member.Pending, ct).ConfigureAwait(false);
            _member.Clear();
        }
    }

    private async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        try
        {
            await file.WriteAsync(bytes, Length, ct).ConfigureAwait(false);
            Length += bytes.Length;
        }
        catch (Exception e)
        {
            _hasFailed = true;
            if (FileSinkFailure.IsFromFileSystem(e))
            {
                throw FileSinkFailure.ToWrite(path, e);
            }

            throw;
        }
    }

    private void ThrowIfFailed()
    {
        if (_hasFailed)
        {
            throw ConnectorException.External($"An earlier write to {path} failed: what was written since the last commit is "
                + "taken back when the file is opened again.");
        }
    }
}
