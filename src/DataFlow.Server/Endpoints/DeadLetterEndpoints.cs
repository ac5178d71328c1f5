using System.ComponentModel;
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

/// <summary>Records that could not be read, transformed or written.</summary>
internal static class DeadLetterEndpoints
{
    public static void MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        var letters = routes.MapGroup("/pipelines/{name}/dead-letters").WithTags("dead letters");
        letters.MapGet("", ListAsync)
            .Named("listDeadLetters", "List dead letters, oldest first, and count them by reason.", "Raw bytes are left out; get one letter to see them.")
            .Produces<DeadLetterPage>()
            .RequireAuthorization(Access.Read);
        letters.MapGet("/{id:long}", ShowAsync)
            .Named("showDeadLetter", "Show one dead letter with its raw bytes.")
            .Produces<DeadLetterAnswer>()
            .RequireAuthorization(Access.Read);
        letters.MapPost("/replay", ReplayAsync)
            .Named("replayDeadLetters", "Read dead letters of a pipeline that does not run again, with its definition as it is now, and deliver those that pass.")
            .Accepts<ReplayRequest>(isOptional: true, "application/json")
            .Produces<ReplayAnswer>()
            .Refuses(StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType)
            .RequireAuthorization(Access.Write);
        letters.MapDelete("", DeleteAsync)
            .Named("deleteDeadLetters", "Delete the open dead letters that pass the filter.", "Without a filter, all=true says that all of them are meant.")
            .Produces<DeletedAnswer>()
            .RequireAuthorization(Access.Write);
    }

    private static async Task<IResult> ListAsync(
        string name,
        [AsParameters] DeadLetterQuery query,
        [FromServices] PipelineService service,
        [FromServices] IServiceStore store,
        CancellationToken ct,
        [Description("Only letters with a higher number: 'next' of the part before.")] long after = 0,
        [Description("Most entries of the part, 1 to 1000.")] int limit = Paging.DefaultLimit)
    {
        Paging.CheckLimit(limit);
        await service.FindSingleAsync(name, ct).ConfigureAwait(false);
        var filter = query.ToFilter() with { After = after, Limit = limit + 1 };
        var found = await store.State.DeadLetters.ListAsync(name, filter, ct).ConfigureAwait(false);
        var counts = await store.State.DeadLetters.CountAsync(name, query.ToFilter(), ct).ConfigureAwait(false);
        return Results.Ok(DeadLetterPage.Of(found, limit, counts));
    }

    private static async Task<IResult> ShowAsync(
        string name, long id, [FromServices] PipelineService service, [FromServices] IServiceStore store, CancellationToken ct)
    {
        await service.FindSingleAsync(name, ct).ConfigureAwait(false);
        var filter = new DeadLetterFilter { Ids = [id], Status = DeadLetterStatus.Any };
        var found = await store.State.DeadLetters.ListAsync(name, filter, ct).ConfigureAwait(false);
        return found is [var letter]
            ? Results.Ok(DeadLetterAnswer.Of(letter))
            : throw new RefusalException(RefusalKind.NotFound, $"Pipeline '{name}' has no dead letter {id}; /pipelines/{name}/dead-letters lists them.");
    }

    private static async Task<IResult> ReplayAsync(
        string name,
        [FromBody] ReplayRequest? request,
        HttpContext context,
        [FromServices] PipelineService service,
        [FromServices] IServiceStore store,
        CancellationToken ct)
    {
        var filter = (request ?? new ReplayRequest()).ToFilter();
        var outcome = await service.ReplayAsync(name, filter, Access.NameOf(context), ct).ConfigureAwait(false);
        if (outcome.Error is { } failure)
        {
            throw failure;
        }

        var left = await store.State.DeadLetters.CountAsync(name, filter, ct).ConfigureAwait(false);
        return Results.Ok(new ReplayAnswer(outcome.Run.Delivered, outcome.Run.Filtered, left.Values.Sum()));
    }

    private static async Task<IResult> DeleteAsync(
        string name,
        [AsParameters] DeadLetterQuery query,
        HttpContext context,
        [FromServices] PipelineService service,
        CancellationToken ct,
        [Description("True when every open letter is meant.")] bool all = false)
    {
        await service.FindSingleAsync(name, ct).ConfigureAwait(false);
        if (!query.Chooses && !all)
        {
            throw new RefusalException(RefusalKind.Invalid, "This would delete every open dead letter; give all=true when that is meant, or a filter such as reason=invalid-json.");
        }

        return Results.Ok(new DeletedAnswer(await service.DeleteDeadLettersAsync(name, query.ToFilter(), Access.NameOf(context), ct).ConfigureAwait(false)));
    }
}
