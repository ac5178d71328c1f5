namespace DataFlow.Conformance;

/// <summary>Waits for a condition that other threads bring about, without a fixed pause.</summary>
public static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static async Task Is(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Waits for what other processes bring about: asks now and then, and fails with what was seen last when it never holds.</summary>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> IsAsync(Func<Task<(bool Holds, string Seen)>> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var (holds, seen) = await condition();
            var elapsed = TimeProvider.System.GetElapsedTime(started);
            if (holds)
            {
                return elapsed;
            }

            Assert.True(elapsed < Limit, $"Not within {Limit.TotalSeconds:0} s. Seen last: {seen}");
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System);
        }
    }

    public static async Task Is(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await condition())
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
