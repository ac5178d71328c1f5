using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace DataFlow.Client;

/// <summary>Makes the requests of a client, each again until the service has answered it for good. Thread-safe.</summary>
internal sealed class BatchSender : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly PipelineClientOptions _options;
    private readonly HttpClient _http;
    private readonly Uri _pipeline;
    private readonly string _producer;

    public BatchSender(Uri service, string pipeline, PipelineClientOptions options)
    {
        _options = options;
        _pipeline = new Uri(new Uri(service.AbsoluteUri.TrimEnd('/') + "/"), $"pipelines/{Uri.EscapeDataString(pipeline)}/");
        _producer = options.Producer ?? $"client-{Guid.NewGuid():N}";
        _http = options.Http ?? new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Why the last request has to be made again; null when all is well.</summary>
    public string? Problem { get; private set; }

    /// <summary>The sequence of the producer's last delivered batch.</summary>
    public async Task<long> LastSequenceAsync(CancellationToken ct)
    {
        if (_options.Producer is null)
        {
            return 0;
        }

        var answer = await AskAsync(
            () => new HttpRequestMessage(HttpMethod.Get, new Uri(_pipeline, $"producers/{Uri.EscapeDataString(_producer)}")),
            isAnswer: answer => answer.IsSuccess,
            ct).ConfigureAwait(false);
        return answer.Sequence ?? throw Refused(answer);
    }

    /// <summary>Sends a batch until it is acknowledged.</summary>
    /// <param name="batch">With its sequence.</param>
    /// <param name="before">Ends when the batch before it is acknowledged.</param>
    /// <param name="ct">Gives up.</param>
    public async Task SendAsync(OutgoingBatch batch, Task before, CancellationToken ct)
    {
        while (true)
        {
            var mayBeEarly = !before.IsCompletedSuccessfully;
            var answer = await AskAsync(() => RequestOf(batch), answer => answer.IsSuccess || (mayBeEarly && IsEarly(answer, batch)), ct).ConfigureAwait(false);
            if (answer.IsSuccess)
            {
                return;
            }

            // It came before the batch that precedes it, as when that one is sent again.
            await before.WaitAsync(ct).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        if (_options.Http is null)
        {
            _http.Dispose();
        }
    }

    private static bool IsEarly(ServiceAnswer answer, OutgoingBatch batch) =>
        answer is { Status: HttpStatusCode.Conflict, Expected: { } expected } && expected < batch.Sequence;

    private async Task<ServiceAnswer> AskAsync(Func<HttpRequestMessage> request, Func<ServiceAnswer, bool> isAnswer, CancellationToken ct)
    {
        var started = _options.Time.GetTimestamp();
        for (var tries = 0; ; tries++)
        {
            var (answer, failure) = await TryAsync(request, ct).ConfigureAwait(false);
            if (answer is not null && isAnswer(answer))
            {
                Problem = null;
                return answer;
            }

            if (answer is { MayPass: false })
            {
                throw Refused(answer);
            }

            Problem = answer?.Detail ?? $"{_pipeline} can't be reached: {failure!.Message}";
            var pause = PauseAfter(tries, answer?.RetryAfter ?? TimeSpan.Zero);
            if (_options.GiveUpAfter is { } limit && _options.Time.GetElapsedTime(started) + pause >= limit)
            {
                throw new PipelineClientException(
                    string.Create(CultureInfo.InvariantCulture, $"Given up after {limit.TotalSeconds:0} s (GiveUpAfter): {Problem}"), answer?.Status, failure);
            }

            await Task.Delay(pause, _options.Time, ct).ConfigureAwait(false);
        }
    }

    private async Task<(ServiceAnswer? Answer, Exception? Failure)> TryAsync(Func<HttpRequestMessage> create, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(_options.RequestTimeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            using var request = create();
            if (_options.ApiKey is { } key)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            }

            using var response = await _http.SendAsync(request, either.Token).ConfigureAwait(false);
            return (await ServiceAnswer.ReadAsync(response, either.Token).ConfigureAwait(false), null);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException || (failure is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return (null, failure);
        }
    }

    private HttpRequestMessage RequestOf(OutgoingBatch batch) => new(HttpMethod.Post, new Uri(_pipeline, "batches"))
    {
        Headers = { { "Batch-Id", string.Create(CultureInfo.InvariantCulture, $"{_producer}:{batch.Sequence}") } },
        Content = new ReadOnlyMemoryContent(batch.Lines) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-ndjson") } },
    };

    private static TimeSpan PauseAfter(int tries, TimeSpan least)
    {
        var most = FirstPause * Math.Pow(2, Math.Min(tries, 16));
        return least + (Random.Shared.NextDouble() * (most < LongestPause ? most : LongestPause));
    }

    private static PipelineClientException Refused(ServiceAnswer answer) => new(answer.Detail, answer.Status);
}
