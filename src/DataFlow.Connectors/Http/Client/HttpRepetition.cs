using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace DataFlow.Connectors;

/// <summary>
/// Repeats what failed for a passing reason, after exponentially growing pauses with full jitter. A pause that the server asked
/// for is not taken here: the host's budget holds the next request back.
/// </summary>
internal sealed class HttpRepetition
{
    private readonly ResiliencePipeline _pipeline;

    /// <param name="options">How often and how fast.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Is told about each repetition.</param>
    public HttpRepetition(HttpOptions options, TimeProvider time, ILogger logger)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        if (options.MaxRetries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.MaxRetries,
                ShouldHandle = new PredicateBuilder().Handle<HttpFault>(fault => fault is { MayPass: true, EndsAttempt: false }),
                DelayGenerator = arguments => ValueTask.FromResult<TimeSpan?>(
                    arguments.Outcome.Exception is HttpFault { NotBefore: not null } ? TimeSpan.Zero : Pause(options, arguments.AttemptNumber)),
                OnRetry = arguments =>
                {
                    var reason = arguments.Outcome.Exception!.Message;
                    if (arguments.Outcome.Exception is HttpFault { NotBefore: not null })
                    {
                        // A pause that the server asks for is nothing to warn of: it is the state that everybody sees.
                        logger.Waits(reason);
                    }
                    else
                    {
                        logger.Repeats(reason, arguments.AttemptNumber + 1, options.MaxRetries);
                    }

                    return default;
                },
            });
        }

        _pipeline = builder.Build();
    }

    /// <summary>Runs something, again and again while it fails for passing reasons. What succeeds at once costs nothing.</summary>
    /// <exception cref="ConnectorException">It failed for good, or too often.</exception>
    /// <exception cref="HttpFault">What was sent was refused.</exception>
    public async ValueTask<T> RunAsync<T>(Func<CancellationToken, ValueTask<T>> run, CancellationToken ct)
    {
        HttpFault? first;
        try
        {
            return await run(ct).ConfigureAwait(false);
        }
        catch (HttpFault fault)
        {
            first = fault;
        }

        try
        {
            return await _pipeline.ExecuteAsync(
                stop => Interlocked.Exchange(ref first, null) is { } failed ? ValueTask.FromException<T>(failed) : run(stop), ct).ConfigureAwait(false);
        }
        catch (HttpFault fault) when (!fault.IsRefusal)
        {
            throw fault.ToConnectorException();
        }
    }

    private static TimeSpan Pause(HttpOptions options, int attempt)
    {
        var ceiling = Math.Min(options.MaxRetryDelay.TotalMilliseconds, options.RetryDelay.TotalMilliseconds * Math.Pow(2, Math.Min(attempt, 30)));
        return TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * ceiling);
    }
}
