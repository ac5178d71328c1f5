using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace DataFlow.Connectors;

/// <summary>
/// What a host may be asked, shared by everything in this process that talks to it: a token bucket with the lowest rate that
/// one of the users wants, and the moment before which the host itself wants no requests. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class HostBudget(TimeProvider time)
{
    private static readonly ConditionalWeakTable<TimeProvider, ConcurrentDictionary<string, HostBudget>> Known = [];

    private readonly Lock _gate = new();
    private readonly List<(double PerSecond, int Burst)> _wanted = [];
    private readonly TokenBucket _bucket = new(time);
    private DateTimeOffset _notBefore;

    /// <summary>The moment before which the host wants no requests.</summary>
    public DateTimeOffset NotBefore
    {
        get { lock (_gate) { return _notBefore; } }
    }

    /// <summary>The budget of the host of an address.</summary>
    public static HostBudget Of(Uri address, TimeProvider time) =>
        Known.GetValue(time, static _ => new ConcurrentDictionary<string, HostBudget>(StringComparer.OrdinalIgnoreCase))
            .GetOrAdd(address.Authority, static (_, clock) => new HostBudget(clock), time);

    /// <summary>Asks for a rate until the result is disposed.</summary>
    public IDisposable Keep(double perSecond, int burst)
    {
        lock (_gate)
        {
            _wanted.Add((perSecond, burst));
            Apply();
        }

        return new Wish(this, (perSecond, burst));
    }

    /// <summary>The host wants no requests before a moment.</summary>
    public void PauseUntil(DateTimeOffset moment)
    {
        lock (_gate)
        {
            _notBefore = moment > _notBefore ? moment : _notBefore;
        }
    }

    /// <summary>Waits until a request may be sent.</summary>
    /// <param name="waits">Told before each wait that the host itself has asked for, with its end.</param>
    /// <param name="ct">Gives up.</param>
    public async ValueTask WaitAsync(Action<DateTimeOffset> waits, CancellationToken ct)
    {
        while (NotBefore is var moment && moment > time.GetUtcNow())
        {
            waits(moment);
            await Task.Delay(moment - time.GetUtcNow(), time, ct).ConfigureAwait(false);
        }

        if (IsLimited)
        {
            using var lease = await _bucket.AcquireAsync(1, ct).ConfigureAwait(false);
        }
    }

    private bool IsLimited
    {
        get { lock (_gate) { return _wanted.Count > 0; } }
    }

    private void Apply()
    {
        if (_wanted.Count > 0)
        {
            _bucket.Set(_wanted.Min(wish => wish.PerSecond), _wanted.Min(wish => wish.Burst));
        }
    }

    private sealed class Wish(HostBudget budget, (double PerSecond, int Burst) wanted) : IDisposable
    {
        private bool _isDisposed;

        public void Dispose()
        {
            lock (budget._gate)
            {
                if (!_isDisposed)
                {
                    _isDisposed = true;
                    budget._wanted.Remove(wanted);
                    budget.Apply();
                }
            }
        }
    }
}
