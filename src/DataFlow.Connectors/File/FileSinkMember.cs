using System.IO.Compression;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace DataFlow.Connectors;

/// <summary>
/// Compresses into gzip members or zstd frames, one after the other: what stands before the end of one can be kept alone.
/// </summary>
internal sealed class FileSinkMember(OutputCompression compression) : IDisposable
{
    private readonly MemoryStream _compressed = new();
    private Stream? _encoder;

    /// <summary>Compressed bytes that are not in the file yet.</summary>
    public ReadOnlyMemory<byte> Pending => _compressed.GetBuffer().AsMemory(0, (int)_compressed.Length);

    /// <summary>True when bytes were added that no finished member holds.</summary>
    public bool IsOpen => _encoder is not null;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        _encoder ??= Begin();
        _encoder.Write(bytes);
    }

    /// <summary>Ends the member; a next one starts with the next bytes.</summary>
    public void End()
    {
        _encoder?.Dispose();
        _encoder = null;
    }

    /// <summary>Forgets the compressed bytes: they are in the file.</summary>
    public void Clear() => _compressed.SetLength(0);

    public void Dispose()
    {
        End();
        _compressed.Dispose();
    }

    private Stream Begin()
    {
        if (compression == OutputCompression.Gzip)
        {
            return new GZipStream(_compressed, CompressionLevel.Optimal, leaveOpen: true);
        }

        var zstd = new CompressionStream(_compressed, leaveOpen: true);
        zstd.SetParameter(ZSTD_cParameter.ZSTD_c_checksumFlag, 1);
        return zstd;
    }
}
