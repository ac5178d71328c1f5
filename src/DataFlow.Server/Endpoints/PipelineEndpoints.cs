using System.ComponentModel;
using DataFlow.Cluster;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server.Answers;
using DataFlow.Server.OpenApi;
using DataFlow.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace DataFlow.Server.Endpoints;

/// <summary>The pipelines of the service and their definitions.</summary>
internal static class PipelineEndpoints
{
    public static void MapPipelines(this IEndpointRouteBuilder routes)
    {
        var pipelines = routes.MapGroup("/pipelines").WithTags("pipelines");
        pipelines.MapGet("", ListAsync)
            .Named("listPipelines", "List the pipelines, by name.")
            .Produces<Page<PipelineSummary>>()
            .RequireAuthorization(Access.Read);
        pipelines.MapPost("", AddAsync)
            .Named("addPipeline", "Add a pipeline.", "The body is a pipeline file, as YAML or JSON. The pipeline is not started, unless start=true is given.")
            .AcceptsDefinition()
            .Produces<PipelineAnswer>(StatusCodes.Status201Created)
            .Refuses(StatusCodes.Status409Conflict)
            .RequireAuthorization(Access.Write);
        pipelines.MapGet("/{name}", GetAsync)
            .Named("getPipeline", "Get a pipeline.", "With its state, its run and its definition, in which secrets are masked. A pipeline with several instances is told as a whole: failed if any instance has failed, else running if any runs, else paused, stopped, created, and completed if all are; what its runs count is added up. Accept: application/yaml gets the definition alone, as YAML.")
            .Produces<PipelineAnswer>(StatusCodes.Status200OK, "application/json", MediaTypes.Yaml)
            .RequireAuthorization(Access.Read);
        pipelines.MapPut("/{name}", ChangeAsync)
            .Named("changePipeline", "Change the definition of a pipeline that does not run.", "The body is the whole new definition. If-Match holds the ETag of the version that it was made from.")
            .AcceptsDefinition()
            .Produces<PipelineAnswer>()
            .NeedsVersion()
            .Refuses(StatusCodes.Status409Conflict)
            .RequireAuthorization(Access.Write);
        pipelines.MapDelete("/{name}", RemoveAsync)
            .Named("removePipeline", "Remove a pipeline that does not run.", "Its state and dead letters go with it; its history stays. If-Match holds the ETag of the version that is meant.")
            .Produces(StatusCodes.Status204NoContent)
            .NeedsVersion()
            .Refuses(StatusCodes.Status409Conflict)
            .RequireAuthorization(Access.Write);
        pipelines.MapPost("/{name}/plan", PlanAsync)
            .Named("planPipeline", "Say what a change of the definition would do. Changes nothing.")
            .AcceptsDefinition()
            .Produces<PlanAnswer>()
            .RequireAuthorization(Access.Read);
    }

    private static async Task<IResult> ListAsync(
        [FromServices] PipelineService service, CancellationToken ct,
        [Description("Only pipelines in this state: created, running, paused, stopped, completed or failed.")] string? state = null,
        [Description("Only pipelines after this name: 'next' of the part before.")] string? after = null,
        [Description("Most entries of the part, 1 to 1000.")] int limit = Paging.DefaultLimit)
    {
        Paging.CheckLimit(limit);
        LifecycleState? wanted = state is null ? null : Words.Parse<LifecycleState>(state, "state");
        var all = await service.ListAsync(ct).ConfigureAwait(false);
        var found = all
            .Where(pipeline => (wanted is null || pipeline.State == wanted) && (after is null || string.CompareOrdinal(pipeline.Name, after) > 0))
            .OrderBy(pipeline => pipeline.Name, StringComparer.Ordinal)
            .Take(limit + 1)
            .Select(PipelineSummary.Of)
            .ToList();
        return Results.Ok(Paging.Of(found, limit, last => last.Name));
    }

    private static async Task<IResult> AddAsync(
        HttpContext context, [FromServices] PipelineService service, [FromServices] ServerOptions options, CancellationToken ct,
        [Description("The pipeline's name, where its definition has none.")] string? name = null,
        [Description("True starts it too.")] bool start = false)
    {
        var definition = await DefinitionBody.ReadAsync(context.Request, options.Catalogue, ct).ConfigureAwait(false);
        var by = Access.NameOf(context);
        var added = await service.AddAsync(DefinitionBody.NameOf(definition, name), definition, path: null, by, ct).ConfigureAwait(false);
        var status = start
            ? await service.ExecuteAsync(added.Name, LifecycleCommand.Start, by, ct).ConfigureAwait(false)
            : await service.GetAsync(added.Name, ct).ConfigureAwait(false);
        EntityTag.Set(context.Response, added.Version);
        return Results.Created($"/pipelines/{added.Name}", PipelineAnswer.Of(status, options));
    }

    private static async Task<IResult> GetAsync(string name, HttpContext context, [FromServices] PipelineService service, [FromServices] ServerOptions options, CancellationToken ct)
    {
        var status = await service.GetAsync(name, ct).ConfigureAwait(false);
        EntityTag.Set(context.Response, status.Pipeline.Version);
        return MediaTypes.PrefersYaml(context.Request)
            ? Results.Text(ShownDefinition.Of(status.Pipeline.Definition, options.Catalogue).ToYaml(), MediaTypes.Yaml)
            : Results.Ok(PipelineAnswer.Of(status, options));
    }

    private static async Task<IResult> ChangeAsync(string name, HttpContext context, [FromServices] PipelineService service, [FromServices] ServerOptions options, CancellationToken ct)
    {
        var expected = EntityTag.Required(context.Request);
        var definition = await DefinitionBody.ReadAsync(context.Request, options.Catalogue, ct).ConfigureAwait(false);
        var version = expected ?? (await service.GetAsync(name, ct).ConfigureAwait(false)).Pipeline.Version;
        var changed = await service.ChangeAsync(name, version, definition, Access.NameOf(context), ct).ConfigureAwait(false);
        EntityTag.Set(context.Response, changed.Version);
        return Results.Ok(PipelineAnswer.Of(await service.GetAsync(name, ct).ConfigureAwait(false), options));
    }

    private static async Task<IResult> RemoveAsync(string name, HttpContext context, [FromServices] PipelineService service, CancellationToken ct)
    {
        await service.RemoveAsync(name, EntityTag.Required(context.Request), Access.NameOf(context), ct).ConfigureAwait(false);
        return Results.NoContent();
    }

    private static async Task<IResult> PlanAsync(
        string name, HttpContext context, [FromServices] PipelineService service, [FromServices] ServerOptions options, CancellationToken ct)
    {
        var proposed = await DefinitionBody.ReadAsync(context.Request, options.Catalogue, ct).ConfigureAwait(false);
        var pipeline = (await service.GetAsync(name, ct).ConfigureAwait(false)).Pipeline;
        var plan = await service.PlanAsync(name, proposed, ct).ConfigureAwait(false);
        return Results.Ok(PlanAnswer.Of(plan, mustStop: !pipeline.Entries.All(entry => LifecycleRules.MayChange(entry.State))));
    }
}
