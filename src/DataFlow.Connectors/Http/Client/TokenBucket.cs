using System.Threading.RateLimiting;

namespace DataFlow.Connectors;

/// <summary>
/// A token bucket that fills by the clock that is passed in. The one of System.Threading.RateLimiting fills by the machine's
/// own clock whatever its settings, so that no test could move it. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class TokenBucket(TimeProvider time) : RateLimiter
{
    private static readonly RateLimitLease Granted = new Lease(true, default);

    private readonly Lock _gate = new();
    private long _successes;
    private long _failures;
    private double _tokens;
    private double _perSecond;
    private int _burst;
    private long _filledAt;

    /// <inheritdoc/>
    public override TimeSpan? IdleDuration => null;

    /// <summary>Sets rate and size. A new bucket is full.</summary>
    public void Set(double perSecond, int burst)
    {
        lock (_gate)
        {
            var isNew = _burst == 0;
            Fill();
            _perSecond = perSecond;
            _burst = burst;
            _tokens = isNew ? burst : Math.Min(_tokens, burst);
        }
    }

    /// <inheritdoc/>
    public override RateLimiterStatistics GetStatistics()
    {
        lock (_gate)
        {
            Fill();
            return new RateLimiterStatistics
            {
                CurrentAvailablePermits = (long)_tokens,
                TotalSuccessfulLeases = _successes,
                TotalFailedLeases = _failures,
            };
        }
    }

    /// <inheritdoc/>
    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        lock (_gate)
        {
            Fill();
            if (_tokens >= permitCount)
            {
                _tokens -= permitCount;
                _successes++;
                return Granted;
            }

            // Rounded up to what a timer can wait for: a wait that ends a moment too early would only be repeated.
            _failures++;
            var missing = TimeSpan.FromSeconds((permitCount - _tokens) / _perSecond);
            return new Lease(false, TimeSpan.FromMilliseconds(Math.Ceiling(missing.TotalMilliseconds)));
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        while (true)
        {
            var lease = AttemptAcquireCore(permitCount);
            if (lease.IsAcquired)
            {
                return lease;
            }

            lease.TryGetMetadata(MetadataName.RetryAfter, out var pause);
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Fill()
    {
        var now = time.GetTimestamp();
        if (_burst > 0)
        {
            _tokens = Math.Min(_burst, _tokens + (time.GetElapsedTime(_filledAt, now).TotalSeconds * _perSecond));
        }

        _filledAt = now;
    }

    private sealed class Lease(bool isAcquired, TimeSpan retryAfter) : RateLimitLease
    {
        public override bool IsAcquired => isAcquired;

        public override IEnumerable<string> MetadataNames => isAcquired ? [] : [MetadataName.RetryAfter.Name];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = isAcquired || metadataName != MetadataName.RetryAfter.Name ? null : retryAfter;
            return metadata is not null;
        }
    }
}
