using System.IO.Compression;
using System.Text;

namespace DataFlow.Connectors;

/// <param name="MaxBytes">Most bytes of a body, after decompression.</param>
/// <param name="Silence">Longest wait for the next bytes.</param>
/// <param name="Time">The clock.</param>
/// <param name="Address">For messages.</param>
internal sealed record HttpBodyLimits(long MaxBytes, TimeSpan Silence, TimeProvider Time, string Address);

/// <summary>
/// The body of an answer as it comes: decompressed, in UTF-8, within limits. What goes wrong with it is an <see cref="HttpFault"/>;
/// a body that ends too early never looks like one that is complete.
/// </summary>
internal sealed class HttpBody : ForwardStream
{
    private readonly Stream _bytes;
    private readonly HttpBodyLimits _limits;
    private CancellationTokenSource? _stop;
    private CancellationTokenRegistration _stopping;
    private long _read;

    private HttpBody(Stream bytes, HttpBodyLimits limits) => (_bytes, _limits) = (bytes, limits);

    /// <summary>Wraps what came over the line.</summary>
    public static HttpBody Open(Stream raw, HttpResponseMessage message, HttpBodyLimits limits)
    {
        var encodings = message.Content.Headers.ContentEncoding.ToList();
        if (message.Content.Headers.ContentType?.MediaType is "application/gzip" or "application/x-gzip")
        {
            encodings.Add("gzip");
        }

        var bytes = encodings.Aggregate(raw, (stream, encoding) => encoding.ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GzipBody(stream),
            "identity" or "" => stream,
            _ => throw new HttpFault($"{limits.Address} answered in the encoding '{encoding}', which was not asked for; gzip is known.") { MayPass = false },
        });
        return new HttpBody(ToUtf8(bytes, message, limits), limits);
    }

    /// <remarks>All reads take the same token.</remarks>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_stop is null)
        {
            _stop = new CancellationTokenSource();
            _stopping = cancellationToken.UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), _stop);
        }

        int read;
        try
        {
            var reading = _bytes.ReadAsync(buffer, _stop.Token);
            read = reading.IsCompleted ? await reading.ConfigureAwait(false) : await WithinSilenceAsync(reading, _stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpFault(
                $"{_limits.Address} stopped in the middle of its answer: nothing came for {_limits.Silence.TotalSeconds:0.###} s (body-timeout).");
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException or InvalidDataException)
        {
            throw new HttpFault($"{_limits.Address} broke off in the middle of its answer: {fault.Message}", fault);
        }

        _read += read;
        return _read <= _limits.MaxBytes ? read : throw new HttpFault(
            $"{_limits.Address} answered with more than {new ByteSize(_limits.MaxBytes)}. Ask for smaller pages (pagination-size), or raise max-response-bytes.")
        {
            MayPass = false,
        };
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stopping.Dispose();
            _stop?.Dispose();
            _bytes.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> WithinSilenceAsync(ValueTask<int> reading, CancellationTokenSource stop)
    {
        using var silence = _limits.Time.CreateTimer(
            static stop => ((CancellationTokenSource)stop!).Cancel(), stop, _limits.Silence, Timeout.InfiniteTimeSpan);
        return await reading.ConfigureAwait(false);
    }

    private static Stream ToUtf8(Stream bytes, HttpResponseMessage message, HttpBodyLimits limits)
    {
        var charset = message.Content.Headers.ContentType?.CharSet?.Trim('"');
        if (string.IsNullOrEmpty(charset) || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || charset.Equals("utf8", StringComparison.OrdinalIgnoreCase))
        {
            return bytes;
        }

        try
        {
            return Encoding.CreateTranscodingStream(bytes, Encoding.GetEncoding(charset), Encoding.UTF8);
        }
        catch (ArgumentException)
        {
            throw new HttpFault($"{limits.Address} answered in the charset '{charset}', which is not known.") { MayPass = false };
        }
    }

    /// <summary>A gzip stream that tells a body that was cut off from a complete one.</summary>
    private sealed class GzipBody : ForwardStream
    {
        private readonly MarkedStream _raw;
        private readonly GZipStream _inflated;
        private bool _isWhole;

        public GzipBody(Stream raw)
        {
            _raw = new MarkedStream(raw);
            _inflated = new GZipStream(_raw, CompressionMode.Decompress);
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = _isWhole ? 0 : await _inflated.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (read == 0 && buffer.Length > 0 && !_isWhole)
            {
                _raw.Mark();
                var rest = new byte[GzipMarker.Length];
                var length = await _inflated.ReadAtLeastAsync(rest, rest.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                _isWhole = GzipMarker.Is(rest.AsSpan(0, length));
                if (!_isWhole)
                {
                    throw new InvalidDataException("the compressed body ends too early.");
                }
            }

            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inflated.Dispose();
            }

            base.Dispose(disposing);
        }
    }

    /// <summary>Passes bytes on, and after their end those of the marker.</summary>
    private sealed class MarkedStream(Stream raw) : ForwardStream
    {
        private ReadOnlyMemory<byte> _marker;

        public void Mark() => _marker = GzipMarker.Member;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_marker.IsEmpty)
            {
                return await raw.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }

            var read = Math.Min(buffer.Length, _marker.Length);
            _marker[..read].CopyTo(buffer);
            _marker = _marker[read..];
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                raw.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
