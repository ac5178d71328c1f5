using System.ComponentModel;
using System.Globalization;
using DataFlow.Cluster;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;
using DataFlow.Server.Answers;
using DataFlow.Server.OpenApi;
using DataFlow.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace DataFlow.Server.Endpoints;

/// <summary>The life of a pipeline: commands, and what happened.</summary>
internal static class LifecycleEndpoints
{
    private const string Older = "Only older entries: 'next' of the part before.";
    private const string Idempotent = " Giving the command again changes nothing. It is given to all instances of a pipeline; when some refuse, what the others did stands.";

    public static void MapLifecycle(this IEndpointRouteBuilder routes)
    {
        var pipeline = routes.MapGroup("/pipelines/{name}").WithTags("lifecycle");
        MapCommand(pipeline, LifecycleCommand.Start, "start", "Start a pipeline, from where it stands.");
        MapCommand(pipeline, LifecycleCommand.Stop, "stop", "Stop a pipeline: no more intake, drain, commit. Answers when the run has ended.");
        MapCommand(pipeline, LifecycleCommand.Pause, "pause", "Pause a running pipeline. Answers when the run has ended.");
        MapCommand(pipeline, LifecycleCommand.Resume, "resume", "Let a paused pipeline go on.");
        MapCommand(pipeline, LifecycleCommand.Recover, "recover", "Clear the failure of a pipeline; it is stopped then, and can be changed and started.");
        pipeline.MapGet("/history", HistoryAsync)
            .Named("listHistory", "List what happened to a pipeline, newest first.", "At least the last 1,000 events are kept, also of a pipeline that was removed.")
            .Produces<Page<EventAnswer>>()
            .RequireAuthorization(Access.Read);
        pipeline.MapGet("/gaps", GapsAsync)
            .Named("listGaps", "List the gap ledger, newest first: when the source did not hear its other side, and what it missed.")
            .Produces<Page<SourceGap>>()
            .RequireAuthorization(Access.Read);
    }

    private static void MapCommand(IEndpointRouteBuilder pipeline, LifecycleCommand command, string verb, string summary) =>
        pipeline.MapPost($"/{verb}", async (string name, HttpContext context, [FromServices] PipelineService service, [FromServices] ServerOptions options, CancellationToken ct) =>
            {
                var status = await service.ExecuteAsync(name, command, Access.NameOf(context), ct).ConfigureAwait(false);
                EntityTag.Set(context.Response, status.Pipeline.Version);
                return Results.Ok(PipelineAnswer.Of(status, options));
            })
            .Named($"{verb}Pipeline", summary, summary + Idempotent)
            .Produces<PipelineAnswer>()
            .Refuses(StatusCodes.Status409Conflict)
            .RequireAuthorization(Access.Write);

    private static async Task<IResult> HistoryAsync(
        string name, [FromServices] IServiceStore store, [FromServices] PipelineService service, CancellationToken ct,
        [Description(Older)] long? after = null,
        [Description("Most entries of the part, 1 to 1000.")] int limit = Paging.DefaultLimit)
    {
        Paging.CheckLimit(limit);
        var history = await store.State.HistoryAsync(name, after is null ? limit + 1 : int.MaxValue, ct).ConfigureAwait(false);
        try
        {
            await service.FindSingleAsync(name, ct).ConfigureAwait(false);
        }
        catch (RefusalException refusal) when (refusal.Kind == RefusalKind.NotFound && history.Count > 0)
        {
            // A removed pipeline has a history; one that never was has none.
        }

        var page = Paging.Of([.. history.Where(entry => after is null || entry.Number < after).Take(limit + 1)], limit, entry => KeyOf(entry.Number));
        return Results.Ok(new Page<EventAnswer>([.. page.Items.Select(EventAnswer.Of)], page.Next));
    }

    private static async Task<IResult> GapsAsync(
        string name, [FromServices] IServiceStore store, [FromServices] PipelineService service, CancellationToken ct,
        [Description(Older)] long? after = null,
        [Description("Most entries of the part, 1 to 1000.")] int limit = Paging.DefaultLimit)
    {
        Paging.CheckLimit(limit);
        await service.FindSingleAsync(name, ct).ConfigureAwait(false);
        var history = await store.State.HistoryAsync(name, int.MaxValue, ct).ConfigureAwait(false);
        var entries = history.Where(entry => entry is { Event: HistoryEvent.Gap, Detail: not null })
            .Select(entry => (entry.Number, Gap: SourceGap.Parse(entry.Detail!))).Reverse().ToList();

        // A gap that is filled later keeps its place.
        var numbers = new Dictionary<SourceGap, long>();
        entries.ForEach(entry => numbers.TryAdd(entry.Gap.AsEntered, entry.Number));
        var gaps = SourceGap.Ledger(entries.Select(entry => entry.Gap)).Reverse().Where(gap => after is null || numbers[gap.AsEntered] < after);
        return Results.Ok(Paging.Of([.. gaps.Take(limit + 1)], limit, gap => KeyOf(numbers[gap.AsEntered])));
    }

    private static string KeyOf(long number) => number.ToString(CultureInfo.InvariantCulture);
}
