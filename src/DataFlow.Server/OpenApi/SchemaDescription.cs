using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DataFlow.Server.OpenApi;

/// <summary>What the description says of types that are not ours.</summary>
internal static class SchemaDescription
{
    public static Task WriteAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken ct)
    {
        if (context.JsonTypeInfo.Type == typeof(ProblemDetails))
        {
            schema.Description = "What went wrong (RFC 9457): 'type' is stable, for programs; 'detail' says what was found, what is allowed and what to do. "
                + "A definition that can't be used has 'problems', each with line, column, key and message.";
            schema.AdditionalPropertiesAllowed = true;
        }
        else if (context.JsonTypeInfo.Type == typeof(DefinitionDocument))
        {
            schema.AdditionalPropertiesAllowed = true;
            schema.AdditionalProperties = null;
        }
        else if (context.JsonTypeInfo.Type == typeof(JsonNode) || context.JsonTypeInfo.Type == typeof(JsonObject))
        {
            schema.Description = "Any JSON.";
        }

        return Task.CompletedTask;
    }
}
