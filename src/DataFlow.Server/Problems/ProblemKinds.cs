using Microsoft.AspNetCore.Http;

namespace DataFlow.Server.Problems;

/// <summary>The kinds of problems that the API answers with: a stable name, a title, and what to say when there is nothing better.</summary>
internal static class ProblemKinds
{
    private static readonly Dictionary<int, ProblemKind> ByStatus = new()
    {
        [StatusCodes.Status400BadRequest] = new("bad-request", "The request can't be read", "Look at the API's description at /docs."),
        [StatusCodes.Status401Unauthorized] = new("not-authenticated", "Say who you are", "Send a key or token: Authorization: Bearer KEY."),
        [StatusCodes.Status403Forbidden] = new("not-allowed", "This key may not do that", "Use a key that may write."),
        [StatusCodes.Status404NotFound] = new("not-found", "There is no such thing", "There is nothing at this address; /docs lists what there is."),
        [StatusCodes.Status405MethodNotAllowed] = new("method-not-allowed", "This can't be done here", "The header Allow says what can be done at this address."),
        [StatusCodes.Status409Conflict] = new("conflict", "The state of things forbids it", "Look at the state first."),
        [StatusCodes.Status412PreconditionFailed] = new("wrong-version", "Somebody else changed it in between", "Get it again, and change what you got."),
        [StatusCodes.Status413PayloadTooLarge] = new("too-large", "The request is too large", "Send less."),
        [StatusCodes.Status415UnsupportedMediaType] = new("unsupported-media-type", "The body is of a type that isn't read here", "Say in Content-Type what the body is; /docs lists what is read at this address."),
        [StatusCodes.Status421MisdirectedRequest] = new("wrong-host", "The request is for another host", "Use the address that the service was started with."),
        [StatusCodes.Status422UnprocessableEntity] = new("invalid-definition", "The pipeline definition can't be used", "Mend what 'problems' lists."),
        [StatusCodes.Status428PreconditionRequired] = new("version-required", "Say which version you mean", "Send the ETag that you got as the header If-Match."),
        [StatusCodes.Status429TooManyRequests] = new("too-many-requests", "The pipeline can't keep up", "Send it again after Retry-After seconds."),
        [StatusCodes.Status500InternalServerError] = new("internal-error", "This is not expected", "The service's log says more; look for the trace id."),
        [StatusCodes.Status502BadGateway] = new("node-unreachable", "The node that runs the pipeline did not answer", "Try again in a few seconds."),
        [StatusCodes.Status503ServiceUnavailable] = new("unavailable", "Not now", "Try again in a few seconds."),
    };

    /// <summary>The kind that belongs to an HTTP status.</summary>
    public static ProblemKind Of(int status) => ByStatus.GetValueOrDefault(status) ?? new ProblemKind("error", "The request failed", "Look at the status.");
}

/// <summary>A kind of problem.</summary>
/// <param name="Name">Stable, for programs.</param>
/// <param name="Title">For people; the same for all problems of the kind.</param>
/// <param name="Advice">What to do, where the problem itself doesn't say.</param>
internal sealed record ProblemKind(string Name, string Title, string Advice)
{
    /// <summary>The URI of RFC 9457.</summary>
    public string Type => $"urn:dataflow:problem:{Name}";
}
