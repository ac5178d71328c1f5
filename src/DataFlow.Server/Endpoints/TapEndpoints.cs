using System.ComponentModel;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using DataFlow.Cluster;
using DataFlow.Engine;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server.OpenApi;
using DataFlow.Server.Requests;
using DataFlow.Transforms;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace DataFlow.Server.Endpoints;

/// <summary>Shows the records that pass through a pipeline while they pass.</summary>
internal static class TapEndpoints
{
    private const int MostRecords = 100_000;
    private const string EventStream = "text/event-stream";

    public static void MapTap(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/pipelines/{name}/tap", TapAsync)
            .WithTags("tap")
            .Named(
                "tapPipeline",
                "Watch the records of a running pipeline, as its sink gets them.",
                "Server-sent events: one event 'record' per record with its id, data and metadata as JSON, and an event 'end' when the limit is reached or the run ends. Whoever is slow misses some; the pipeline does not wait.")
            .Produces<string>(StatusCodes.Status200OK, EventStream)
            .Refuses(StatusCodes.Status409Conflict, StatusCodes.Status502BadGateway)
            .RequireAuthorization(Access.Read);

    private static async Task TapAsync(
        string name,
        HttpContext context,
        [FromServices] PipelineService service,
        [FromServices] LocalRuns runs,
        [FromServices] OwnerForwarder forwarder,
        [FromServices] IHostApplicationLifetime lifetime,
        CancellationToken ct,
        [Description("Shows only records that pass this condition, as of the filter transform: age >= 18.")] string? filter = null,
        [Description("Ends after so many records, 1 to 100000.")] int limit = Paging.DefaultLimit)
    {
        Paging.CheckLimit(limit, MostRecords);
        CheckFilter(filter);
        if (runs.Find(name) is { } run)
        {
            // The stop of the service waits for its requests before it stops the runs that would end this one.
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
            await ShowAsync(context, run, filter, limit, either.Token).ConfigureAwait(false);
            return;
        }

        await service.FindSingleAsync(name, ct).ConfigureAwait(false);
        var status = await service.GetAsync(name, ct).ConfigureAwait(false);
        await forwarder.ForwardAsync(
            context,
            name,
            status.Run switch
            {
                null when status.Pipeline.State == LifecycleState.Running => throw new RefusalException(
                    RefusalKind.Unavailable, $"Pipeline '{name}' is starting or moves from one node to another; try again in a few seconds."),
                null => throw new RefusalException(RefusalKind.WrongState, $"Pipeline '{name}' does not run, so nothing passes that could be shown; start it."),
                { State: RunState.Starting } waiting => throw new RefusalException(RefusalKind.Unavailable, $"Pipeline '{name}' does not run yet. {waiting.Reason}".TrimEnd()),
                var running => running,
            },
            OwnerForwarder.Stream).ConfigureAwait(false);
    }

    private static async Task ShowAsync(HttpContext context, LocalRun run, string? filter, int limit, CancellationToken ct)
    {
        var response = context.Response;
        response.ContentType = EventStream;
        response.Headers.CacheControl = "no-cache,no-store";
        response.Headers.Append("X-Accel-Buffering", "no");
        context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();

        // The caller learns that it listens before the first record comes.
        await response.Body.FlushAsync(ct).ConfigureAwait(false);
        try
        {
            await SseFormatter.WriteAsync(EventsAsync(run, filter, limit, ct), response.Body, ct).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The caller has seen enough.
        }
    }

    private static async IAsyncEnumerable<SseItem<string>> EventsAsync(
        LocalRun run, string? filter, int limit, [EnumeratorCancellation] CancellationToken ct)
    {
        var shown = 0;
        await foreach (var record in run.ListenAsync(filter, ct).ConfigureAwait(false))
        {
            yield return new SseItem<string>(record, "record");
            if (++shown == limit)
            {
                break;
            }
        }

        yield return new SseItem<string>(shown == limit ? "limit reached" : "the run has ended", "end");
    }

    private static void CheckFilter(string? filter)
    {
        try
        {
            _ = filter is null ? null : BuiltInTransforms.Filter(filter);
        }
        catch (OptionException refused)
        {
            throw new RefusalException(RefusalKind.Invalid, $"filter: {refused.Message}");
        }
    }
}
