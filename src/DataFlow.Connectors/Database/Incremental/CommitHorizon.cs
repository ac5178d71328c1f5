using System.Data.Common;
using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>A cursor up to which everything was read, and what has to end before no row below it can appear any more. Immutable.</summary>
/// <param name="High">The cursor.</param>
/// <param name="Waits">Transactions that were open when it was reached.</param>
/// <param name="IsSecond">True when only what the first ones had left behind is waited for.</param>
/// <param name="NotBefore">By the database's clock, in milliseconds of the Unix epoch.</param>
internal sealed record PendingBound(CursorValue High, IReadOnlyList<string> Waits, bool IsSecond, long NotBefore);

/// <summary>
/// Decides when a cursor is final: when every transaction that was open as it was reached has ended, or where nobody can see the
/// transactions, after a safety lag. A transaction that begins later gets higher values.
/// </summary>
internal sealed class CommitHorizon(DatabaseAddress address, ITransactionWatch? watch, TimeSpan lag, TimeProvider time)
{
    private (long NotBefore, long Timestamp) _captured;

    /// <summary>What it goes by, for people.</summary>
    public string Description => watch is null
        ? string.Create(CultureInfo.InvariantCulture, $"a safety lag of {lag.TotalSeconds:0.###} s")
        : lag > TimeSpan.Zero
            ? string.Create(CultureInfo.InvariantCulture, $"the open transactions and a safety lag of {lag.TotalSeconds:0.###} s")
            : "the open transactions";

    /// <summary>Finds out what a database shows of its transactions.</summary>
    public static async Task<CommitHorizon> CreateAsync(
        DatabaseAddress address, DatabaseSourceOptions options, TimeProvider time, CancellationToken ct)
    {
        var watch = await AskAsync(address, async () => await address.Dialect.WatchAsync(address, ct).ConfigureAwait(false)).ConfigureAwait(false);
        var lag = options.SafetyLag ?? (watch is null ? address.Dialect.DefaultSafetyLag(options.IncrementalType) : TimeSpan.Zero);
        return new CommitHorizon(address, watch, lag, time);
    }

    /// <summary>Notes what is open now. To be called after the rows up to the cursor were read.</summary>
    public async Task<PendingBound> CaptureAsync(CursorValue high, CancellationToken ct)
    {
        var notBefore = lag > TimeSpan.Zero ? await ClockAsync(ct).ConfigureAwait(false) + (long)lag.TotalMilliseconds : 0;
        _captured = (notBefore, time.GetTimestamp());
        return new PendingBound(high, watch is null ? [] : await AskAsync(watch.ListAsync, ct).ConfigureAwait(false), IsSecond: watch is null, notBefore);
    }

    /// <summary>
    /// Looks again; null when the bound has become final for a query that starts from now on. To be called before that query.
    /// </summary>
    public async Task<PendingBound?> ReviewAsync(PendingBound bound, CancellationToken ct)
    {
        if (bound.NotBefore > 0 && (IsTooEarly(bound) || await ClockAsync(ct).ConfigureAwait(false) < bound.NotBefore))
        {
            return bound;
        }

        if (watch is null)
        {
            // The transactions that it waited for were seen by an earlier run, and can't be seen any more.
            return bound.Waits.Count > 0 ? await CaptureAsync(bound.High, ct).ConfigureAwait(false) : null;
        }

        var open = bound.Waits.Count == 0 ? [] : await AskAsync(watch.ListAsync, ct).ConfigureAwait(false);
        IReadOnlyList<string> waits = [.. bound.Waits.Intersect(open)];
        if (waits.Count > 0)
        {
            return bound with { Waits = waits };
        }

        if (bound.IsSecond)
        {
            return null;
        }

        var left = await AskAsync(watch.ListLeftAsync, ct).ConfigureAwait(false);
        return left.Count == 0 ? null : bound with { Waits = left, IsSecond = true };
    }

    private async Task<long> ClockAsync(CancellationToken ct)
    {
        if (address.Dialect is SqliteDialect)
        {
            // SQLite runs in this process: its clock is ours.
            return time.GetUtcNow().ToUnixTimeMilliseconds();
        }

        var clock = await AskAsync(address, async () =>
        {
            var connection = await address.OpenAsync(ct).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                return await connection.ScalarAsync(address.Dialect.ClockQuery, ct).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        return clock switch
        {
            string text =>
                new DateTimeOffset(DateTime.Parse(text, CultureInfo.InvariantCulture), TimeSpan.Zero).ToUnixTimeMilliseconds(),
            DateTime moment => new DateTimeOffset(moment, TimeSpan.Zero).ToUnixTimeMilliseconds(),
            DateTimeOffset moment => moment.ToUnixTimeMilliseconds(),
            var milliseconds => Convert.ToInt64(milliseconds, CultureInfo.InvariantCulture),
        };
    }

    /// <summary>
    /// True while the lag has not passed since we looked: the database's clock may be set forward, and would end it too early. For a
    /// bound of an earlier run there is that clock alone.
    /// </summary>
    private bool IsTooEarly(PendingBound bound) =>
        bound.NotBefore == _captured.NotBefore && time.GetElapsedTime(_captured.Timestamp) < lag;

    private ValueTask<T> AskAsync<T>(Func<CancellationToken, ValueTask<T>> ask, CancellationToken ct) =>
        AskAsync(address, async () => await ask(ct).ConfigureAwait(false));

    /// <summary>A server that is lost in the middle of a question is one that is lost at any other time.</summary>
    private static async ValueTask<T> AskAsync<T>(DatabaseAddress address, Func<Task<T>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is DbException or IOException or TimeoutException or InvalidOperationException)
        {
            throw DatabaseFault.OfStatement(failure, address, null);
        }
    }
}
