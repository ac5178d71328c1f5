using System.Globalization;
using DataFlow.Server.Problems;
using DataFlow.Server.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DataFlow.Server.OpenApi;

/// <summary>What the description says of one endpoint, besides what the endpoint says of itself.</summary>
internal static class OperationDescription
{
    private static readonly int[] Always =
    [
        StatusCodes.Status400BadRequest, StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden,
        StatusCodes.Status500InternalServerError, StatusCodes.Status503ServiceUnavailable,
    ];

    public static async Task WriteAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<VersionNeeded>().Any())
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = "If-Match",
                In = ParameterLocation.Header,
                Required = true,
                Description = "The ETag of the version that is meant, or * for whatever is there.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, Examples = ["\"3\""] },
            });
        }

        foreach (var parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>().Where(parameter => parameter.In == ParameterLocation.Path))
        {
            parameter.Description ??= parameter.Name switch
            {
                "name" when context.Description.RelativePath!.StartsWith("connectors", StringComparison.Ordinal) => "The name that pipelines use.",
                "name" => "The pipeline's name.",
                "role" => "source, sink or transform.",
                _ => "The dead letter's number.",
            };
        }

        var isOfPipeline = context.Description.RelativePath!.Contains("{name}", StringComparison.Ordinal);
        operation.Responses ??= [];
        await AddProblemsAsync(operation, isOfPipeline ? [.. Always, StatusCodes.Status404NotFound] : Always, context, ct).ConfigureAwait(false);
        Illustrate(operation);
    }

    private static async Task AddProblemsAsync(
        OpenApiOperation operation, IEnumerable<int> statuses, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var schema = await context.GetOrCreateSchemaAsync(typeof(ProblemDetails), parameterDescription: null, ct).ConfigureAwait(false);
        foreach (var status in statuses)
        {
            operation.Responses!.TryAdd(status.ToString(CultureInfo.InvariantCulture), new OpenApiResponse
            {
                Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new() { Schema = schema } },
            });
        }

        foreach (var (status, response) in operation.Responses!)
        {
            var code = int.Parse(status, CultureInfo.InvariantCulture);
            if (code >= StatusCodes.Status400BadRequest && response is OpenApiResponse problem)
            {
                problem.Description = $"{ProblemKinds.Of(code).Title}.";
            }
        }

        var sorted = operation.Responses.OrderBy(response => response.Key, StringComparer.Ordinal).ToList();
        operation.Responses.Clear();
        sorted.ForEach(response => operation.Responses.Add(response.Key, response.Value));
    }

    private static void Illustrate(OpenApiOperation operation)
    {
        var body = operation.RequestBody?.Content ?? new Dictionary<string, OpenApiMediaType>();
        if (body.TryGetValue(MediaTypes.Json, out var json))
        {
            json.Example = Examples.RequestOf(operation.OperationId!);
        }

        if (body.TryGetValue(MediaTypes.Yaml, out var yaml))
        {
            yaml.Example = Examples.Definition;
        }

        if (operation.Responses!.Values.FirstOrDefault(response => response.Content?.ContainsKey(MediaTypes.Json) == true) is { } answer)
        {
            answer.Content![MediaTypes.Json].Example = Examples.AnswerOf(operation.OperationId!);
        }

        if (operation.Responses.TryGetValue("422", out var refused))
        {
            refused.Content!["application/problem+json"].Example = Examples.InvalidDefinition;
        }
    }
}
