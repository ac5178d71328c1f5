using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using DataFlow.Conformance;
using Microsoft.AspNetCore.Http;

namespace DataFlow.IntegrationTests;

/// <summary>The built command reads a paginated API that refuses, breaks off and lies, and is killed on the way.</summary>
public sealed class ApiCrashTests
{
    private const int Pages = 60;
    private const int PerPage = 20;
    private const double Rate = 50;
    private const int Burst = 5;
    private static readonly int[] KillAt = [9, 23, 41, 58];

    private static readonly string Pipeline = $$"""
        name: flaky
        source:
          type: api
          connection: ${env:API_URL}
          options:
            pagination-type: cursor
            pagination-size: {{PerPage}}
            rate-limit-enabled: true
            rate-limit-requests-per-second: {{Rate}}
            rate-limit-burst: {{Burst}}
            retry-delay: 10ms
            max-retries: 20
          batch-size: 7
        sink:
          type: file
          connection: out.ndjson
        delivery: effectively-once
        until: caught-up
        commit-interval: 10ms
        """;

    private readonly ConcurrentQueue<Answered> _log = new();
    private Process? _running;
    private int _run;
    private int _requests;

    [Fact]
    public async Task Killed_again_and_again_it_delivers_every_record_once_at_the_allowed_rate_and_asks_for_no_page_twice_without_need()
    {
        using var folder = new TemporaryFolder();
        folder.Write("flaky.yaml", Pipeline);
        await using var api = await TestApi.StartAsync((context, _) => AnswerAsync(context));
        var environment = new Dictionary<string, string> { ["API_URL"] = new Uri(api.Address, "/users?tenant=1").AbsoluteUri };
        for (; ; _run++)
        {
            using var process = Cli.Start(folder.Path, ["run", "flaky.yaml"], environment);
            _running = process;
            var result = await Cli.FinishAsync(process);
            if (result.ExitCode == 0)
            {
                break;
            }

            Assert.True(result.ExitCode == CliResult.Killed, $"run {_run} ended with {result.ExitCode}: {result.Error}");
        }

        Assert.Equal(KillAt.Length, _run);
        Assert.Equal(
            Enumerable.Range(0, Pages * PerPage),
            File.ReadLines(folder["out.ndjson"]).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetInt32()));
        Assert.All(api.Requests, request => Assert.StartsWith("/users?tenant=1&", request.Target));
        AssertRate();
        AssertNoPageTwiceWithoutNeed();
    }

    /// <summary>Within one process, no two requests are closer than rate and burst allow. One may be under way.</summary>
    private void AssertRate()
    {
        foreach (var run in _log.GroupBy(answered => answered.Run))
        {
            var moments = run.Select(answered => answered.Moment).ToList();
            for (var first = 0; first < moments.Count; first++)
            {
                for (var last = first + 1; last < moments.Count; last++)
                {
                    var allowed = (Rate * Stopwatch.GetElapsedTime(moments[first], moments[last]).TotalSeconds) + Burst + 1;
                    Assert.True(last - first <= allowed, $"run {run.Key}: {last - first} requests where {allowed:0.0} are allowed.");
                }
            }
        }
    }

    /// <summary>A page that was answered in full comes again only after the process was killed, and never one that is committed.</summary>
    private void AssertNoPageTwiceWithoutNeed()
    {
        var answered = _log.Where(one => one.InFull).ToList();
        Assert.All(answered.GroupBy(one => (one.Run, one.Page)), page => Assert.Single(page));
        for (var run = 1; run <= _run; run++)
        {
            var before = answered.Where(one => one.Run < run).Select(one => one.Page).DefaultIfEmpty(0).Max();
            var again = answered.Where(one => one.Run == run && one.Page <= before).Select(one => one.Page).Order().ToList();

            // What was answered last may not have been committed when the process died; everything before is.
            Assert.Equal(Enumerable.Range(before - again.Count + 1, again.Count), again);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var number = Interlocked.Increment(ref _requests);
        var page = int.TryParse(context.Request.Query["cursor"], out var cursor) ? cursor : 0;
        var moment = Stopwatch.GetTimestamp();
        var isWhole = false;
        if (_run < KillAt.Length && number >= KillAt[_run])
        {
            _running!.Kill();
            context.Abort();
            return;
        }

        switch (number % 12)
        {
            case 3:
                context.Response.Headers.RetryAfter = "0";
                await context.JsonAsync("""{"error":"slow down"}""", 429);
                break;
            case 5:
                context.Abort();
                break;
            case 8:
                await context.JsonAsync($$"""{"data":[{"id":{{page * PerPage}}},{"id":""");
                break;
            case 10:
                await context.JsonAsync("""{"error":"restarting"}""", 503);
                break;
            default:
                var records = string.Join(',', Enumerable.Range(page * PerPage, PerPage).Select(id => $$"""{"id":{{id}},"text":"record {{id}}"}"""));
                isWhole = true;
                _log.Enqueue(new Answered(_run, page, moment, true));
                await context.JsonAsync($$"""{"data":[{{records}}],"next_cursor":{{(page + 1 < Pages ? $"\"{page + 1}\"" : "null")}}}""");
                break;
        }

        if (!isWhole)
        {
            _log.Enqueue(new Answered(_run, page, moment, false));
        }
    }

    private sealed record Answered(int Run, int Page, long Moment, bool InFull);
}
