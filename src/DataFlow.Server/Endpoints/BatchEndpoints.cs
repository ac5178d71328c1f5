using System.ComponentModel;
using DataFlow.Cluster;
using DataFlow.Connectors;
using DataFlow.Engine;
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

/// <summary>Takes batches of records for pipelines with a push source.</summary>
internal static class BatchEndpoints
{
    private const string RetryAfterSeconds = "1";

    public static void MapBatches(this IEndpointRouteBuilder routes)
    {
        var pipeline = routes.MapGroup("/pipelines/{name}").WithTags("batches");
        pipeline.MapPost("/batches", PushAsync)
            .Named(
                "pushBatch",
                "Push a batch of records into a running pipeline whose source is push. Answers when the batch is durably delivered.",
                "Batch-Id: PRODUCER:SEQUENCE makes it safe to send a batch again: the sequence begins at 1 and rises by one with each batch of a producer. "
                + "409 names the sequence that is expected where another one comes; 429 and 503 say after how many seconds to send the batch again.")
            .Accepts<PushedRecords>(PushedBody.MediaTypes[0], [.. PushedBody.MediaTypes.Skip(1)])
            .Produces<BatchAnswer>()
            .Refuses(
                StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge,
                StatusCodes.Status415UnsupportedMediaType,
                StatusCodes.Status429TooManyRequests,
                StatusCodes.Status502BadGateway)
            .RequireAuthorization(Access.Write);
        pipeline.MapGet("/producers/{producer}", ProducerAsync)
            .Named(
                "getProducer",
                "Get the sequence of a producer's last delivered batch; 0 before the first.",
                "A producer that starts again goes on with the next one. Answered by the running pipeline, after what it has received of the producer is delivered.")
            .Produces<ProducerAnswer>()
            .Refuses(StatusCodes.Status409Conflict, StatusCodes.Status502BadGateway)
            .RequireAuthorization(Access.Read);
    }

    private static async Task<IResult> PushAsync(
        string name,
        HttpContext context,
        [FromServices] PipelineService service,
        [FromServices] LocalRuns runs,
        [FromServices] PushInboxes inboxes,
        [FromServices] OwnerForwarder forwarder,
        [FromServices] Catalogue catalogue,
        CancellationToken ct,
        [FromHeader(Name = "Batch-Id"), Description("PRODUCER:SEQUENCE, such as shop-7:42. Without it a batch that is sent again is delivered again.")] string? batchId = null)
    {
        if (await InboxAsync(name, context, service, runs, inboxes, forwarder, catalogue, ct).ConfigureAwait(false) is not { } inbox)
        {
            return Results.Empty;
        }

        var id = Parse(batchId);
        var media = PushedBody.TypeOf(context.Request, inbox);
        var body = inbox.Receive();
        try
        {
            if (!await PushedBody.ReadAsync(context.Request, body, inbox.Capacity, ct).ConfigureAwait(false))
            {
                return Again(context, StatusCodes.Status429TooManyRequests, $"Pipeline '{name}' has received as much as inbox-bytes allows and not delivered it yet; send the batch again when it has.");
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }

        var receipt = await inbox.DeliverAsync(id, body, PushedBody.FormatOf(media, body), ct).ConfigureAwait(false);
        return AnswerTo(name, context, id, receipt);
    }

    private static async Task<IResult> ProducerAsync(
        string name,
        [Description("The producer's name.")] string producer,
        HttpContext context,
        [FromServices] PipelineService service,
        [FromServices] LocalRuns runs,
        [FromServices] PushInboxes inboxes,
        [FromServices] OwnerForwarder forwarder,
        [FromServices] Catalogue catalogue,
        CancellationToken ct)
    {
        if (!BatchId.IsProducer(producer))
        {
            throw new RefusalException(RefusalKind.Invalid, $"'{producer}' is no name that a producer can have. {BatchId.Expected}");
        }

        if (await InboxAsync(name, context, service, runs, inboxes, forwarder, catalogue, ct).ConfigureAwait(false) is not { } inbox)
        {
            return Results.Empty;
        }

        return await inbox.LastOfAsync(producer, ct).ConfigureAwait(false) is { } last
            ? Results.Ok(new ProducerAnswer(producer, last))
            : NotNow(context, $"Pipeline '{name}' has batches of producer '{producer}' that are not delivered yet; ask again.");
    }

    /// <summary>The inbox that takes the batches of a pipeline; null when another node has answered.</summary>
    private static async Task<PushInbox?> InboxAsync(
        string name,
        HttpContext context,
        PipelineService service,
        LocalRuns runs,
        PushInboxes inboxes,
        OwnerForwarder forwarder,
        Catalogue catalogue,
        CancellationToken ct)
    {
        var isHere = runs.Find(name) is not null;
        if (isHere && inboxes.Find(name) is { } inbox)
        {
            return inbox;
        }

        var status = await service.GetAsync(name, ct).ConfigureAwait(false);
        var pipeline = status.Pipeline;
        var source = PipelineFile.Parse(pipeline.Definition, pipeline.Path, catalogue).Source.Definition.Name;
        if (source != SourceType.Push)
        {
            throw new RefusalException(RefusalKind.WrongState, $"Pipeline '{name}' takes no batches: its source is {source}; push to one whose source is push.");
        }

        if (pipeline.State is LifecycleState.Created or LifecycleState.Stopped or LifecycleState.Completed)
        {
            throw new RefusalException(RefusalKind.WrongState, $"Pipeline '{name}' does not run, it is {pipeline.State.ToWord()}; start it.");
        }

        if (isHere || status.Run is not { } owner || owner.State == RunState.Starting)
        {
            throw new RefusalException(
                RefusalKind.Unavailable, $"Pipeline '{name}' takes no batches right now, {ReasonOf(status)}; send the batch again.");
        }

        await forwarder.ForwardAsync(context, name, owner, OwnerForwarder.Answer).ConfigureAwait(false);
        return null;
    }

    private static string ReasonOf(PipelineStatus status) =>
        status.Pipeline.State != LifecycleState.Running ? $"it is {status.Pipeline.State.ToWord()}"
        : status.Run?.Reason is { } reason ? $"it waits: {reason.TrimEnd('.')}"
        : "it is starting or moves to another node";

    private static BatchId? Parse(string? batchId) =>
        string.IsNullOrEmpty(batchId) ? null
        : BatchId.TryParse(batchId, out var id) ? id
        : throw new RefusalException(RefusalKind.Invalid, $"Batch-Id is '{batchId}'. {BatchId.Expected}");

    private static IResult AnswerTo(string name, HttpContext context, BatchId? id, PushReceipt receipt) => receipt.Outcome switch
    {
        PushOutcome.Delivered => Results.Ok(new BatchAnswer { Records = receipt.Records, DeadLettered = receipt.DeadLettered }),
        PushOutcome.AlreadyDelivered => Results.Ok(new BatchAnswer { AlreadyDelivered = true }),
        PushOutcome.OutOfSequence when receipt.Expected == 1 => Conflict(
            $"Producer '{id!.Value.Producer}' sends batch {id.Value.Sequence}, and none of its batches is known here, so that 1 is the next one: it is new, it was "
            + "silent for so long that it was forgotten, or the state was reset; begin at 1 with the first batch that was not answered.",
            receipt.Expected),
        PushOutcome.OutOfSequence => Conflict(
            $"Producer '{id!.Value.Producer}' sends batch {id.Value.Sequence}, and {receipt.Expected} is the next one: the batches between are missing; send them first.",
            receipt.Expected),
        PushOutcome.TooManyProducers => Conflict(
            $"Pipeline '{name}' remembers as many producers as max-producers allows, none of them was silent for forget-after, and '{id!.Value.Producer}' is a new "
            + "one. Let programs keep their names when they start again, or raise max-producers.",
            expected: null),
        PushOutcome.OtherContent => Conflict(
            $"Another batch was received as {id}: two programs may be using the name '{id!.Value.Producer}'; give each a name of its own.", expected: null),
        PushOutcome.Unreadable => Results.Problem(receipt.Problem, statusCode: StatusCodes.Status400BadRequest),
        PushOutcome.Closed => NotNow(context, $"The run of pipeline '{name}' ended before the batch was delivered; send it again{WithId(id)}."),
        _ => NotNow(context, $"Pipeline '{name}' has received the batch and not delivered it in time; send it again{WithId(id)}."),
    };

    private static string WithId(BatchId? id) => id is null ? "" : " with the same Batch-Id";

    private static IResult Conflict(string detail, long? expected) => Results.Problem(
        detail,
        statusCode: StatusCodes.Status409Conflict,
        extensions: expected is { } sequence ? new Dictionary<string, object?> { ["expected"] = sequence } : null);

    private static IResult NotNow(HttpContext context, string detail) => Again(context, StatusCodes.Status503ServiceUnavailable, detail);

    private static IResult Again(HttpContext context, int status, string detail)
    {
        context.Response.Headers.RetryAfter = RetryAfterSeconds;
        return Results.Problem(detail, statusCode: status);
    }
}
