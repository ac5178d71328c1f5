namespace DataFlow.WebSocketBenchmarks;

/// <summary>Bytes allocated per message: the difference between N and 2N messages.</summary>
internal static class Allocation
{
    public static async Task MeasureAsync(string address, int messages)
    {
        var bare = await PerMessageAsync(messages, count => Contenders.BareAsync($"{address}/burst?count={count}&bytes=200", count));
        var pipeline = await PerMessageAsync(messages, count => Contenders.PipelineAsync($"{address}/burst?count={count}&bytes=200", count));
        Console.WriteLine(FormattableString.Invariant($"allocated per message: bare {bare:N1} bytes, websocket source {pipeline:N1} bytes"));
    }

    private static async Task<double> PerMessageAsync(int messages, Func<int, Task> run)
    {
        // What buffers and pools need once is there afterwards.
        await run(messages * 2);
        var once = await AllocatedAsync(() => run(messages));
        var twice = await AllocatedAsync(() => run(messages * 2));
        return (twice - once) / (double)messages;
    }

    private static async Task<long> AllocatedAsync(Func<Task> run)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await run();
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }
}
