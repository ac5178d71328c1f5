using DataFlow.Connectors;
using Microsoft.Data.Sqlite;

namespace DataFlow.UnitTests.Connectors.Database;

public sealed class CommitHorizonTests
{
    private static readonly DatabaseAddress Address = DatabaseAddress.Of("jdbc:sqlite:none.db", new DatabaseLogin("", "", "", "drivers"), "/");

    [Fact]
    public async Task A_server_that_is_lost_while_it_is_asked_for_its_transactions_is_asked_again_later()
    {
        var horizon = new CommitHorizon(Address, new LostServer(), TimeSpan.Zero, TimeProvider.System);
        var bound = new PendingBound(CursorValue.OfNumber(1), ["a"], IsSecond: false, NotBefore: 0);

        var capture = await Assert.ThrowsAsync<ConnectorException>(() => horizon.CaptureAsync(CursorValue.OfNumber(1), default));
        var review = await Assert.ThrowsAsync<ConnectorException>(() => horizon.ReviewAsync(bound, default));
        var left = await Assert.ThrowsAsync<ConnectorException>(() => horizon.ReviewAsync(bound with { Waits = [] }, default));

        Assert.All([capture, review, left], failure => Assert.Equal(RetryKind.WithBackoff, failure.Retry.Kind));
    }

    [Fact]
    public async Task A_clock_that_is_set_forward_ends_no_lag_too_early()
    {
        var clock = new SetClock();
        var horizon = new CommitHorizon(Address, watch: null, TimeSpan.FromSeconds(30), clock);
        var bound = await horizon.CaptureAsync(CursorValue.OfNumber(1), default);

        clock.SetForward(TimeSpan.FromHours(1));
        Assert.NotNull(await horizon.ReviewAsync(bound, default));
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.NotNull(await horizon.ReviewAsync(bound, default));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await horizon.ReviewAsync(bound, default));
    }

    [Fact]
    public async Task A_bound_of_an_earlier_run_is_final_when_the_lag_has_passed_by_the_clock_of_the_database()
    {
        var clock = new SetClock();
        var bound = await new CommitHorizon(Address, watch: null, TimeSpan.FromSeconds(30), clock).CaptureAsync(CursorValue.OfNumber(1), default);
        clock.SetForward(TimeSpan.FromSeconds(30));

        Assert.Null(await new CommitHorizon(Address, watch: null, TimeSpan.FromSeconds(30), clock).ReviewAsync(bound, default));
    }

    private sealed class LostServer : ITransactionWatch
    {
        public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct) => throw new SqliteException("The connection was lost.", 10);

        public ValueTask<IReadOnlyList<string>> ListLeftAsync(CancellationToken ct) => throw new IOException("The connection was lost.");
    }

    /// <summary>A clock that may be set while time goes by.</summary>
    private sealed class SetClock : TimeProvider
    {
        private TimeSpan _set;
        private long _passed;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + _set + TimeSpan.FromTicks(_passed);

        public override long GetTimestamp() => _passed;

        public void SetForward(TimeSpan by) => _set += by;

        public void Advance(TimeSpan by) => _passed += by.Ticks;
    }
}
