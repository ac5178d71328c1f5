using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace DataFlow.Server.OpenApi;

/// <summary>What the description says of the API as a whole.</summary>
internal static class DocumentDescription
{
    private const string About = """
        Many pipelines as one service: added, started, paused, changed and watched over HTTP. The nouns and verbs are those of the
        `dataflow` command. Any node of a cluster answers any request.

        Every error is a problem (RFC 9457, `application/problem+json`) whose `detail` says what was found, what is allowed and what to
        do. `type` is stable, for programs. What changes a definition is checked against its version: send the `ETag` that you got as
        `If-Match`. Secrets are never part of an answer: `***` stands for them.
        """;

    private static readonly (string Name, string Description)[] Tags =
    [
        ("pipelines", "Pipelines and their definitions."),
        ("lifecycle", "Created -> Running <-> Paused -> Stopped, Running -> Completed, Running -> Failed -> (recover) -> Stopped."),
        ("state", "How far a pipeline has read, and what became of the records."),
        ("dead letters", "Records that could not be read, transformed or written, with their raw bytes and the reason."),
        ("tap", "Records, while they pass."),
        ("connectors", "What pipelines can use."),
        ("nodes", "The processes of the service."),
    ];

    public static Task Write(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken ct)
    {
        document.Info = new OpenApiInfo { Title = "DataFlow", Version = ApiDescription.Document, Description = About };

        // The same text on every node and in the repository: whoever has the document knows where it came from.
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Tags = Tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }).ToHashSet();
        return Task.CompletedTask;
    }
}
