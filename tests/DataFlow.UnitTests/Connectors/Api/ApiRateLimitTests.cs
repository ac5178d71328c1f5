using System.Diagnostics.Metrics;
using DataFlow.Conformance;
using DataFlow.Connectors;
using Microsoft.Extensions.Time.Testing;
using static DataFlow.Conformance.TestApiAnswers;

namespace DataFlow.UnitTests.Connectors;

public sealed class ApiRateLimitTests
{
    [Theory]
    [InlineData(5, 10)]
    [InlineData(100, 1)]
    [InlineData(0.5, 3)]
    [Trait("claim", "API-18")]
    public async Task At_every_moment_at_most_rate_times_time_and_burst_are_let_through_and_then_the_rate(double rate, int burst)
    {
        var time = new SteppedClock { JumpsBelow = TimeSpan.FromHours(1) };
        var bucket = new TokenBucket(time);
        bucket.Set(rate, burst);
        var start = time.GetTimestamp();
        var moments = new List<double>();
        for (var request = 1; request <= 500; request++)
        {
            using var lease = await bucket.AcquireAsync();
            moments.Add(time.GetElapsedTime(start).TotalSeconds);
            Assert.True(request <= (rate * moments[^1]) + burst + 1e-6, $"request {request} after {moments[^1]} s");
        }

        Assert.All(moments.Take(burst), moment => Assert.Equal(0, moment));
        var sustained = (moments.Count - burst) / (moments[^1] - moments[burst - 1]);
        Assert.Equal(rate, sustained, rate * 0.02);
    }

    [Fact]
    [Trait("claim", "API-17")]
    [Trait("claim", "API-20")]
    public async Task The_rate_limit_example_counts_the_requests_of_all_pages_and_polls()
    {
        await using var api = await TestApi.OfJsonAsync((context, _) => $$"""{"data":{{Users(context.Number("offset"), context.Number("offset") < 1900 ? 100 : 0)}}}""");
        var context = ApiRun.Impatient();
        (string, string)[] options =
        [
            ("method", "GET"), ("auth-type", "bearer"), ("auth-token", "your-token"), ("rate-limit-enabled", "true"),
            ("rate-limit-requests-per-second", "5"), ("rate-limit-burst", "10"), ("pagination-type", "offset"), ("pagination-size", "100"),
        ];
        var start = context.Clock.GetUtcNow();

        await ApiRun.ToEnd(context, api.Address, options);
        await ApiRun.ToEnd(context, api.Address, options);

        // 40 requests: 10 at once, 30 more at 5 per second.
        Assert.Equal(40, api.Requests.Count);
        Assert.Equal("/?offset=0&limit=100", api.Targets.First());
        Assert.Equal(6, (context.Clock.GetUtcNow() - start).TotalSeconds, 0.12);
    }

    [Fact]
    [Trait("claim", "API-17")]
    public void The_defaults_are_those_of_the_guide()
    {
        var options = new ApiSourceOptions();

        Assert.Equal((false, 10.0, 20), (options.RateLimitEnabled, options.RateLimitRequestsPerSecond, options.RateLimitBurst));
    }

    [Fact]
    public void A_host_is_shared_and_the_lowest_rate_wins_while_it_is_wanted()
    {
        var time = new FakeTimeProvider();
        var budget = HostBudget.Of(new Uri("https://API.example.com/a"), time);
        Assert.Same(budget, HostBudget.Of(new Uri("https://api.example.com/b"), time));
        Assert.NotSame(budget, HostBudget.Of(new Uri("https://api.example.com:8443/b"), time));

        using (budget.Keep(100, 10))
        using (budget.Keep(1, 2))
        {
            Assert.True(budget.WaitAsync(_ => { }, CancellationToken.None).IsCompleted);
            Assert.True(budget.WaitAsync(_ => { }, CancellationToken.None).IsCompleted);
            Assert.False(budget.WaitAsync(_ => { }, CancellationToken.None).IsCompleted);
        }
    }

    [Fact]
    public async Task Two_pipelines_that_talk_to_a_host_at_once_keep_to_the_rate_together()
    {
        var context = ApiRun.Impatient();
        var moments = new List<double>();
        var start = context.Clock.GetUtcNow();
        await using var api = await TestApi.OfJsonAsync((http, _) =>
        {
            moments.Add((context.Clock.GetUtcNow() - start).TotalSeconds);
            return $$"""{"data":{{Users(http.Number("offset"), http.Number("offset") < 50 ? 1 : 0)}}}""";
        });
        (string, string)[] options =
        [
            ("rate-limit-enabled", "true"), ("rate-limit-requests-per-second", "4"), ("rate-limit-burst", "3"), ("pagination-type", "offset"),
            ("pagination-size", "1"),
        ];
        await using var one = new ApiRun(context, api.Address, options);
        await using var other = new ApiRun(new FileSourceContext { Clock = context.Clock, Pipeline = "other" }, api.Address, options);
        while (await one.Next() & await other.Next())
        {
        }

        Assert.Equal((50, 50), (one.Records.Count, other.Records.Count));
        Assert.All(moments.Index(), request => Assert.True(request.Index + 1 <= (4 * request.Item) + 3 + 1e-6, $"request {request.Index + 1} after {request.Item} s"));
        Assert.Equal(4, (moments.Count - 3) / moments[^1], 4 * 0.02);
    }

    [Fact]
    public async Task A_pause_that_one_pipeline_was_asked_for_holds_for_all_that_talk_to_the_host()
    {
        await using var api = await TestApi.StartAsync((context, number) =>
        {
            context.Response.Headers.RetryAfter = "60";
            return context.JsonAsync("""{"data":[]}""", number == 1 ? 429 : 200);
        });
        var first = ApiRun.Impatient();
        await ApiRun.Failure(first, api.Address, ("max-retries", "0"));
        var start = first.Clock.GetUtcNow();

        var second = new FileSourceContext { Clock = first.Clock };
        await ApiRun.ToEnd(second, api.Address);

        Assert.Equal(60, (first.Clock.GetUtcNow() - start).TotalSeconds, 1.0);
        Assert.Contains(second.Messages, message => message.StartsWith("Waiting: rate limited until 10:01:00"));
    }

    [Fact]
    [Trait("claim", "API-34")]
    public async Task A_poll_that_takes_longer_than_its_interval_is_named_once_with_advice()
    {
        var context = ApiRun.Impatient(Until.Forever);
        await using var api = await TestApi.OfJsonAsync((_, _) =>
        {
            context.Clock.Advance(TimeSpan.FromSeconds(3));
            return """{"data":[{"id":1}]}""";
        });
        await using var run = new ApiRun(context, api.Address);

        await run.Next();
        await run.Next();
        await run.Next();

        Assert.Single(
            context.Messages, message => message.StartsWith("Warning: A poll took 3 s, longer than the pause between polls (poll-interval-ms: 1 s)")
                && message.Contains("cursor"));
    }

    [Fact]
    [Trait("claim", "API-26")]
    [Trait("claim", "API-27")]
    [Trait("claim", "API-28")]
    [Trait("claim", "API-29")]
    [Trait("claim", "API-30")]
    public async Task Requests_times_statuses_pages_and_errors_are_measured()
    {
        var measured = new List<(string Name, double Value, string? Status)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "DataFlow")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        void Add<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
        {
            var all = tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value?.ToString());
            if (all.GetValueOrDefault("pipeline_id") == "measured" && all.GetValueOrDefault("source_type") == "api")
            {
                lock (measured)
                {
                    measured.Add((instrument.Name, Convert.ToDouble(value), all.GetValueOrDefault("status")));
                }
            }
        }

        listener.SetMeasurementEventCallback<long>(Add);
        listener.SetMeasurementEventCallback<double>(Add);
        listener.Start();
        await using var api = await TestApi.StartAsync((context, number) =>
        {
            switch (number)
            {
                case 1:
                    return context.JsonAsync("{}", 503);
                case 2:
                    context.Abort();
                    return Task.CompletedTask;
                case 3:
                    return context.JsonAsync("{\"data\":[");
                default:
                    return context.JsonAsync($$"""{"data":{{Users(number, number == 4 ? 2 : 1)}}}""");
            }
        });

        var context = new FileSourceContext { Pipeline = "measured", Clock = ApiRun.Impatient().Clock };
        var run = await ApiRun.ToEnd(context, api.Address, ("pagination-type", "page"), ("pagination-size", "2"));

        lock (measured)
        {
            Assert.Equal(["503", "none", "200", "200", "200"], measured.Where(one => one.Name == "dataflow.source.requests").Select(one => one.Status));
            Assert.Equal(["503", "200", "200", "200"], measured.Where(one => one.Name == "dataflow.source.request.duration").Select(one => one.Status));
            Assert.Equal([1.0, 2.0], measured.Where(one => one.Name == "dataflow.source.page").Select(one => one.Value));
            Assert.Single(measured, one => one.Name == "dataflow.source.answer.parse.errors");
        }

        Assert.Single(run.Context.Messages, message => message.StartsWith("http://") && message.Contains("can't be reached"));
        Assert.Contains("Healthy: page 2, 2", run.Context.Messages);
    }
}
