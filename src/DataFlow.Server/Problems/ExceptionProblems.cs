using System.Text.Json;
using System.Text.RegularExpressions;
using DataFlow.Cluster;
using DataFlow.Engine.Configuration;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;

namespace DataFlow.Server.Problems;

/// <summary>Answers a request that failed with a problem (RFC 9457). What is not expected goes to the log and not to the caller.</summary>
internal sealed partial class ExceptionProblems(IProblemDetailsService problems, ILogger<ExceptionProblems> logger) : IExceptionHandler
{
    private const string RetryAfterSeconds = "2";

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception failure, CancellationToken ct)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer any more.
            return true;
        }

        var problem = Of(failure);
        if (problem.Status == StatusCodes.Status500InternalServerError)
        {
            logger.RequestFailed(context.Request.Method, context.Request.Path, failure);
        }

        if (problem.Status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status502BadGateway)
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
        }

        context.Response.StatusCode = problem.Status!.Value;
        await problems.WriteAsync(new ProblemDetailsContext { HttpContext = context, ProblemDetails = problem }).ConfigureAwait(false);
        return true;
    }

    private static ProblemDetails Of(Exception failure) => failure switch
    {
        ConfigurationException configuration => Definition(configuration),
        RefusalException refusal => Problem(StatusOf(refusal.Kind), refusal.Message),
        ProblemException problem => Problem(problem.Status, problem.Message),
        BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest, InnerException: JsonException json } =>
            Problem(StatusCodes.Status400BadRequest, Malformed(json)),
        BadHttpRequestException request => Problem(request.StatusCode, request.StatusCode switch
        {
            StatusCodes.Status413PayloadTooLarge => "The body is larger than this service reads. A pipeline file is never larger than 4 MiB.",
            StatusCodes.Status415UnsupportedMediaType => "Send the body with Content-Type: application/json.",
            _ => UnboundParameter().Match(request.Message) is { Success: true } found
                ? $"{found.Groups["name"]} is {Phrases.Quote(found.Groups["value"].Value)}, which can't be read as {KindOf(found.Groups["type"].Value)}."
                : request.Message,
        }),
        ConnectorException { Owner: FaultOwner.External } unavailable => Problem(StatusCodes.Status503ServiceUnavailable, unavailable.Message),
        ConnectorException refused => Problem(StatusCodes.Status409Conflict, refused.Message),
        _ => Problem(StatusCodes.Status500InternalServerError, null),
    };

    private static ProblemDetails Definition(ConfigurationException configuration)
    {
        var problem = Problem(
            StatusCodes.Status422UnprocessableEntity,
            configuration.Problems.Count == 1 ? "One thing is wrong with it." : $"{configuration.Problems.Count} things are wrong with it.");
        problem.Extensions["problems"] = configuration.Problems
            .Select(wrong => new DefinitionProblem(wrong.Line, wrong.Column, wrong.Key, wrong.Message))
            .ToList();
        return problem;
    }

    private static ProblemDetails Problem(int status, string? detail)
    {
        var kind = ProblemKinds.Of(status);
        return new ProblemDetails { Status = status, Type = kind.Type, Title = kind.Title, Detail = detail ?? kind.Advice };
    }

    private static int StatusOf(RefusalKind kind) => kind switch
    {
        RefusalKind.NotFound => StatusCodes.Status404NotFound,
        RefusalKind.AlreadyExists or RefusalKind.WrongState => StatusCodes.Status409Conflict,
        RefusalKind.WrongVersion => StatusCodes.Status412PreconditionFailed,
        RefusalKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status400BadRequest,
    };

    private static string KindOf(string type) => type switch
    {
        "int" or "long" or "long[]" => "a whole number",
        "bool" => "true or false",
        _ => "what is wanted here",
    };

    [GeneratedRegex("""Failed to bind parameter "(?<type>[^" ]+) (?<name>[^"]+)" from "(?<value>.*)"\.""", RegexOptions.Singleline)]
    private static partial Regex UnboundParameter();

    private static string Malformed(JsonException json) => json.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal)
        ? $"The body has a member that isn't known here: {json.Path}. /docs lists those that are."
        : $"The body is no JSON that can be used here: look at line {(json.LineNumber ?? 0) + 1}, at {json.Path ?? "$"}.";
}

/// <summary>Something wrong with a pipeline definition.</summary>
/// <param name="Line">1-based; 0 when unknown.</param>
/// <param name="Column">1-based; 0 when unknown.</param>
/// <param name="Key">The full key: <c>source.options.delimiter</c>; empty when it is about the whole definition.</param>
/// <param name="Message">What was found, what is allowed, what to do.</param>
public sealed record DefinitionProblem(int Line, int Column, string Key, string Message);
