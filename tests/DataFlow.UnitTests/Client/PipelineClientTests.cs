using System.Collections.Concurrent;
using System.Net;
using System.Text;
using DataFlow.Client;
using DataFlow.Conformance;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.Client;

/// <summary>The client against a service that answers as the tests say, by a clock that they move.</summary>
public sealed class PipelineClientTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ScriptedService _service = new();

    [Fact]
    public async Task Records_go_in_batches_by_count_in_their_order()
    {
        await using var client = Client(new() { BatchRecords = 3 });
        foreach (var number in Enumerable.Range(1, 7))
        {
            await client.SendAsync(new { number }, ct: Ct);
        }

        await client.FlushAsync(Ct);

        Assert.Equal(
            ["1: {\"number\":1} {\"number\":2} {\"number\":3}", "2: {\"number\":4} {\"number\":5} {\"number\":6}", "3: {\"number\":7}"],
            _service.Batches.Order());
        Assert.Equal((7L, 0L), (client.Delivered, client.BufferedBytes));
    }

    [Fact]
    public async Task A_batch_that_does_not_fill_goes_after_the_linger()
    {
        await using var client = Client(new() { Linger = TimeSpan.FromSeconds(1) });
        await client.SendAsync(new { number = 1 }, ct: Ct);
        _clock.Advance(TimeSpan.FromMilliseconds(900));
        Assert.Empty(_service.Batches);

        _clock.Advance(TimeSpan.FromMilliseconds(100));

        await Eventually.Is(() => client.Delivered == 1);
    }

    [Fact]
    public async Task A_batch_is_cut_by_bytes_and_line_breaks_within_a_record_are_none()
    {
        await using var client = Client(new() { BatchBytes = 20 });
        await client.SendJsonAsync("{\n\"a\": 1\r\n}"u8.ToArray(), Ct);
        await client.SendJsonAsync("{\"b\":2}"u8.ToArray(), Ct);
        await client.SendJsonAsync("{\"c\":3}"u8.ToArray(), Ct);
        await client.FlushAsync(Ct);

        Assert.Equal(["1: { \"a\": 1  } {\"b\":2}", "2: {\"c\":3}"], _service.Batches.Order());
    }

    [Theory]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(0)]
    public async Task What_may_pass_is_sent_again_with_the_same_number_until_it_passes(int status)
    {
        _service.Answers.Enqueue((status, ""));
        _service.Answers.Enqueue((status, ""));
        await using var client = Client(new() { BatchRecords = 1 });
        await client.SendAsync(new { number = 1 }, ct: Ct);

        await AdvanceUntil(() => client.Delivered == 1);

        Assert.Equal(["1", "1", "1"], _service.Requests.Select(request => request.Sequence));
        Assert.Null(client.Problem);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(413)]
    public async Task What_will_not_pass_is_thrown_where_it_is_waited_for(int status)
    {
        _service.Answers.Enqueue((status, "{\"detail\":\"Do this.\"}"));
        var client = Client(new() { BatchRecords = 1 });
        await client.SendAsync(new { number = 1 }, ct: Ct);

        var failure = await Assert.ThrowsAsync<PipelineClientException>(() => client.FlushAsync(Ct));

        Assert.Equal(("Do this.", (HttpStatusCode)status), (failure.Message, failure.Status));
        await Assert.ThrowsAsync<PipelineClientException>(() => client.SendAsync(new { number = 2 }, ct: Ct).AsTask());
        await client.DisposeAsync();
    }

    [Fact]
    public async Task A_failure_that_nobody_has_seen_is_thrown_at_the_end()
    {
        _service.Answers.Enqueue((404, "{\"detail\":\"There is no pipeline 'orders'.\"}"));
        var client = Client(new());
        await client.SendAsync(new { number = 1 }, ct: Ct);

        var failure = await Assert.ThrowsAsync<PipelineClientException>(() => client.DisposeAsync().AsTask());

        Assert.Contains("no pipeline", failure.Message, StringComparison.Ordinal);
        await client.DisposeAsync();
    }

    [Fact]
    public async Task A_batch_that_came_too_early_goes_again_after_its_predecessor()
    {
        var first = _service.Hold();
        _service.Answers.Enqueue((409, "{\"expected\":1}"));
        await using var client = Client(new() { BatchRecords = 1 });
        await client.SendAsync(new { number = 1 }, ct: Ct);
        await Eventually.Is(() => _service.Requests.Count == 1);
        await client.SendAsync(new { number = 2 }, ct: Ct);
        await Eventually.Is(() => _service.Requests.Count == 2);
        Assert.Equal(0, client.Delivered);

        first.SetResult();
        await client.FlushAsync(Ct);

        Assert.Equal(["1", "2", "2"], _service.Requests.Select(request => request.Sequence));
    }

    [Fact]
    public async Task Sending_waits_while_the_buffer_is_full_and_a_cancelled_record_is_not_sent()
    {
        var held = _service.Hold();
        await using var client = Client(new() { BufferBytes = 100, BatchRecords = 1, MaxInFlight = 1 });
        var record = new { text = new string('x', 70) };
        await client.SendAsync(record, ct: Ct);
        using var impatient = new CancellationTokenSource();
        var cancelled = client.SendAsync(record, ct: impatient.Token).AsTask();
        Assert.False(cancelled.IsCompleted);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        var waiting = client.SendAsync(record, ct: Ct).AsTask();
        Assert.False(waiting.IsCompleted);
        Assert.True(client.BufferedBytes <= 100);

        held.SetResult();
        await waiting;
        await client.FlushAsync(Ct);

        Assert.Equal(2, client.Delivered);
    }

    [Fact]
    public async Task No_more_batches_than_allowed_are_in_flight()
    {
        var held = new[] { _service.Hold(), _service.Hold() };
        await using var client = Client(new() { BatchRecords = 1, MaxInFlight = 2 });
        foreach (var number in Enumerable.Range(1, 5))
        {
            await client.SendAsync(new { number }, ct: Ct);
        }

        await Eventually.Is(() => _service.Requests.Count == 2);
        held[0].SetResult();
        held[1].SetResult();
        await client.FlushAsync(Ct);

        Assert.True(_service.MostAtOnce <= 2, $"{_service.MostAtOnce} at once");
        Assert.Equal(5, client.Delivered);
    }

    [Fact]
    public async Task A_client_with_a_name_goes_on_behind_its_last_delivered_batch()
    {
        _service.LastSequence = 41;
        await using var client = Client(new() { Producer = "shop-7", ApiKey = "key" });
        await client.SendAsync(new { number = 1 }, ct: Ct);
        await client.FlushAsync(Ct);

        Assert.Equal("42", _service.Requests.Single().Sequence);
        Assert.Equal("shop-7", _service.Requests.Single().Producer);
        Assert.All(_service.Keys, key => Assert.Equal("Bearer key", key));
        Assert.Equal(2, _service.Keys.Count);
    }

    [Fact]
    public async Task A_client_may_give_up_and_says_what_the_service_has_said_last()
    {
        _service.Always = (503, "{\"detail\":\"It is paused.\"}");
        var client = Client(new() { BatchRecords = 1, GiveUpAfter = TimeSpan.FromMinutes(1) });
        await client.SendAsync(new { number = 1 }, ct: Ct);
        var flushed = client.FlushAsync(Ct);

        await AdvanceUntil(() => flushed.IsCompleted);

        var failure = await Assert.ThrowsAsync<PipelineClientException>(() => flushed);
        Assert.Contains("It is paused.", failure.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, failure.Status);
        await client.DisposeAsync();
    }

    [Fact]
    public async Task The_end_of_a_client_says_how_much_is_not_acknowledged()
    {
        _service.Always = (503, "{\"detail\":\"It is paused.\"}");
        var client = Client(new() { BatchRecords = 1 });
        await client.SendAsync(new { number = 1 }, ct: Ct);
        await AdvanceUntil(() => client.Problem is not null);
        var disposed = client.DisposeAsync().AsTask();

        await AdvanceUntil(() => disposed.IsCompleted);

        var failure = await Assert.ThrowsAsync<PipelineClientException>(() => disposed);
        Assert.Contains("1 records", failure.Message, StringComparison.Ordinal);
        Assert.Contains("It is paused.", failure.Message, StringComparison.Ordinal);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private PipelineClient Client(PipelineClientOptions options) =>
        new(new Uri("http://service"), "orders", options with { Time = _clock, Http = new HttpClient(_service) });

    private Task AdvanceUntil(Func<bool> condition) => Eventually.Is(() =>
    {
        _clock.Advance(TimeSpan.FromMilliseconds(200));
        return condition();
    });

    private sealed class ScriptedService : HttpMessageHandler
    {
        private readonly ConcurrentQueue<TaskCompletionSource> _held = new();
        private int _atOnce;

        public ConcurrentQueue<(int Status, string Body)> Answers { get; } = new();

        public (int Status, string Body)? Always { get; set; }

        public ConcurrentQueue<(string Producer, string Sequence)> Requests { get; } = new();

        public ConcurrentQueue<string> Batches { get; } = new();

        public ConcurrentQueue<string> Keys { get; } = new();

        public long LastSequence { get; set; }

        public int MostAtOnce { get; private set; }

        /// <summary>The next request that isn't held is answered when the result is set.</summary>
        public TaskCompletionSource Hold()
        {
            var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _held.Enqueue(held);
            return held;
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Keys.Enqueue(request.Headers.Authorization?.ToString() ?? "");
            if (request.Method == HttpMethod.Get)
            {
                Assert.Equal("/pipelines/orders/producers/shop-7", request.RequestUri!.AbsolutePath);
                return Answer(200, $"{{\"sequence\":{LastSequence}}}");
            }

            Assert.Equal("/pipelines/orders/batches", request.RequestUri!.AbsolutePath);
            var id = request.Headers.GetValues("Batch-Id").Single().Split(':');
            var body = await request.Content!.ReadAsStringAsync(cancellationToken);
            lock (_held)
            {
                MostAtOnce = Math.Max(MostAtOnce, ++_atOnce);
            }

            Requests.Enqueue((id[0], id[1]));
            if (_held.TryDequeue(out var held))
            {
                await held.Task.WaitAsync(cancellationToken);
            }

            lock (_held)
            {
                _atOnce--;
            }

            var (status, text) = Always ?? ((held is null && Answers.TryDequeue(out var scripted)) ? scripted : (200, "{\"records\":1}"));
            if (status == 0)
            {
                throw new HttpRequestException("connection reset");
            }

            if (status == 200)
            {
                Batches.Enqueue($"{id[1]}: {body.TrimEnd('\n').Replace('\n', ' ')}");
            }

            return Answer(status, text);
        }

        private static HttpResponseMessage Answer(int status, string body) =>
            new((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}
