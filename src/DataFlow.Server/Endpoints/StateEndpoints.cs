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

/// <summary>Positions and counters of a pipeline.</summary>
internal static class StateEndpoints
{
    public static void MapState(this IEndpointRouteBuilder routes)
    {
        var state = routes.MapGroup("/pipelines/{name}/state").WithTags("state");
        state.MapGet("", ShowAsync)
            .Named("showState", "Show positions and counters, as of the last commit.")
            .Produces<StateAnswer>()
            .RequireAuthorization(Access.Read);
        state.MapPost("/seek", SeekAsync)
            .Named("seekState", "Make the next run of a pipeline that does not run go on elsewhere.", "What the sink holds stays as it is.")
            .Accepts<SeekRequest>("application/json")
            .Produces<StateAnswer>()
            .Refuses(StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType)
            .RequireAuthorization(Access.Write);
        state.MapPost("/reset", ResetAsync)
            .Named("resetState", "Forget positions and counters of a pipeline that does not run, of all of its instances: the next run starts over.")
            .Produces(StatusCodes.Status204NoContent)
            .Refuses(StatusCodes.Status409Conflict)
            .RequireAuthorization(Access.Write);
    }

    private static async Task<IResult> ShowAsync(
        string name, [FromServices] PipelineService service, [FromServices] IServiceStore store, CancellationToken ct)
    {
        await service.FindSingleAsync(name, ct).ConfigureAwait(false);
        return await AnswerAsync(store, name, ct).ConfigureAwait(false);
    }

    private static async Task<IResult> SeekAsync(
        string name,
        [FromBody] SeekRequest request,
        HttpContext context,
        [FromServices] PipelineService service,
        [FromServices] IServiceStore store,
        CancellationToken ct)
    {
        var pipeline = await service.FindSingleAsync(name, ct).ConfigureAwait(false);
        var (split, position) = await TargetAsync(request, pipeline, store, service, ct).ConfigureAwait(false);
        await service.SeekAsync(name, split, position, Access.NameOf(context), ct).ConfigureAwait(false);
        return await AnswerAsync(store, name, ct).ConfigureAwait(false);
    }

    private static async Task<IResult> ResetAsync(
        string name, HttpContext context, [FromServices] PipelineService service, CancellationToken ct,
        [Description("True leaves the dead letters where they are.")] bool keepDeadLetters = false)
    {
        await service.ResetAsync(name, keepDeadLetters, Access.NameOf(context), ct).ConfigureAwait(false);
        return Results.NoContent();
    }

    private static async Task<(string Split, SplitPosition Position)> TargetAsync(
        SeekRequest request, RegisteredPipeline pipeline, IServiceStore store, PipelineService service, CancellationToken ct)
    {
        if (request.Position is { } position)
        {
            return request.Split is { } whole
                ? (whole, new SplitPosition(request.Offset ?? 0, position.ToJsonString()))
                : throw Refuse("A complete position belongs to a split; give 'split' too, as the state names it.");
        }

        if (request.Offset is not { } offset)
        {
            throw Refuse("Give 'offset', a number as people count, or 'split' and 'position' as the state shows them.");
        }

        try
        {
            return request.Split is { } named
                ? SeekTarget.In(await store.State.ReadAsync(pipeline.Name, ct).ConfigureAwait(false), named, offset)
                : SeekTarget.At(service.Read(pipeline).Source, offset);
        }
        catch (OptionException refused)
        {
            throw Refuse(refused.Message);
        }
    }

    private static async Task<IResult> AnswerAsync(IServiceStore store, string name, CancellationToken ct)
    {
        var state = await store.State.ReadAsync(name, ct).ConfigureAwait(false)
            ?? throw new RefusalException(RefusalKind.NotFound, $"Pipeline '{name}' has no state: it has not run yet.");
        return Results.Ok(StateAnswer.Of(state));
    }

    private static RefusalException Refuse(string message) => new(RefusalKind.Invalid, message);
}
