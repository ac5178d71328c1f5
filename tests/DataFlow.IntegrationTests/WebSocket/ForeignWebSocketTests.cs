using DataFlow.Conformance;

namespace DataFlow.IntegrationTests;

/// <summary>Against a server that is not ours and not .NET's: the npm package ws.</summary>
public sealed class ForeignWebSocketTests
{
    [Theory]
    [InlineData("false")]
    [InlineData("true")]
    public async Task Fragments_and_compressed_messages_arrive_whole(string compression)
    {
        using var server = await ForeignWebSocketServer.StartAsync();
        using var pipeline = new StreamPipeline($"{server.Address}/numbers?from={{{{cursor}}}}&count=300", "cursor-path: number", $"compression: {compression}");
        pipeline.Start();
        await pipeline.UntilAsync(numbers => numbers.Count > 650);

        (await pipeline.StopAsync()).Succeeded();

        Assert.Equal(Enumerable.Range(1, pipeline.Numbers.Count).Select(number => (long)number), pipeline.Numbers);
        var gaps = await pipeline.GapsAsync();
        Assert.StartsWith("The server closed the connection with code 1001 (going away) and says: enough.", gaps[0].Reason);
        Assert.Equal((300, 301, 0), (gaps[0].Last, gaps[0].Next, gaps[0].Missing));
        var line = (await File.ReadAllLinesAsync(Path.Combine(pipeline.Folder, "out.ndjson"), TestContext.Current.CancellationToken))[2];
        Assert.StartsWith("""{"number":3,"name":"ünïcode 3","text":"again and again""", line);
    }

    [Fact]
    public async Task A_server_that_tears_connections_down_costs_no_message_with_a_cursor()
    {
        using var server = await ForeignWebSocketServer.StartAsync();
        using var pipeline = new StreamPipeline(
            $"{server.Address}/drop?from={{{{cursor}}}}", "cursor-path: number", "auth-type: bearer", "auth-token: good");
        pipeline.Start();
        await pipeline.UntilAsync(numbers => numbers.Count > 200);

        (await pipeline.StopAsync()).Succeeded();

        Assert.Equal(Enumerable.Range(1, pipeline.Numbers.Count).Select(number => (long)number), pipeline.Numbers);

        // The stop may come while nobody is connected: then no number says what comes next.
        Assert.All(await pipeline.GapsAsync(), gap => Assert.Equal(gap.Next is null ? null : 0, gap.Missing));
    }

    [Fact]
    [Trait("claim", "WS-29")]
    public async Task A_wrong_token_stops_the_run_with_a_sentence()
    {
        using var server = await ForeignWebSocketServer.StartAsync();
        using var pipeline = new StreamPipeline($"{server.Address}/numbers", "auth-type: bearer", "auth-token: wrong-4711");
        pipeline.Start();
        await StreamPipeline.EventuallyAsync(() => pipeline.HasEnded);

        var result = await pipeline.StopAsync();

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("WebSocket upgrade failed", result.Error);
        Assert.Contains("401 (Unauthorized)", result.Error);
        Assert.DoesNotContain("wrong-4711", result.Error + result.Out);
    }
}
