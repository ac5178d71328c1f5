using System.Text.Json.Nodes;
using DataFlow.Server.Problems;
using Microsoft.AspNetCore.Http;

namespace DataFlow.Server.OpenApi;

/// <summary>Examples for the description of the API.</summary>
internal static class Examples
{
    private const string Pipeline = """
        {
          "name": "orders", "state": "running", "isHealthy": true, "version": 3, "updated": "2026-11-24T09:30:00+00:00",
          "path": "/srv/dataflow/orders.yaml",
          "definition": {
            "name": "orders",
            "source": { "type": "file", "connection": "in/orders-*.csv", "options": { "format": "csv", "tail": true } },
            "transforms": [ { "filter": "quantity > 0" } ],
            "sink": { "type": "database", "connection": "Host=db;Database=shop", "options": { "table": "orders", "username": "loader", "password": "***" } }
          },
          "run": {
            "node": "node-1", "state": "running", "isHealthy": true, "restarts": 0, "offset": 1200,
            "counters": { "read": 1200, "delivered": 1150, "filtered": 48, "deadLettered": 2, "dropped": 0, "deduplicated": 0, "unaccounted": 0 }
          }
        }
        """;

    private const string State = """
        {
          "pipeline": "orders", "generation": 1, "epoch": 4, "sequence": 310, "updated": "2026-11-24T09:30:00+00:00",
          "counters": { "read": 1200, "delivered": 1150, "filtered": 48, "deadLettered": 2, "dropped": 0, "deduplicated": 0, "unaccounted": 0 },
          "splits": { "/srv/dataflow/in/orders-1.csv": { "offset": 1201, "position": { "v": 1, "offset": 65536, "line": 1202 } } }
        }
        """;

    private const string Letter =
        """{ "id": 7, "stage": "source", "reason": "too-many-fields", "message": "line 40: 9 fields; the header has 8.", "split": "/srv/dataflow/in/orders-1.csv", "offset": 40, "deliveryId": "2f0c7d0e-5a7e-5c1b-9a55-0d6f2f1f8a11", "failedAt": "2026-11-24T09:29:58+00:00" """;

    private static readonly Dictionary<string, string> Answers = new(StringComparer.Ordinal)
    {
        ["listPipelines"] = """
            {
              "items": [
                {
                  "name": "clicks", "state": "running", "version": 1, "updated": "2026-11-24T08:00:00+00:00",
                  "instances": [
                    { "name": "clicks.1", "state": "running", "version": 1, "updated": "2026-11-24T08:00:00+00:00" },
                    { "name": "clicks.2", "state": "running", "version": 1, "updated": "2026-11-24T08:00:00+00:00" }
                  ]
                },
                { "name": "orders", "state": "running", "version": 3, "updated": "2026-11-24T09:30:00+00:00" }
              ]
            }
            """,
        ["addPipeline"] = Pipeline,
        ["getPipeline"] = Pipeline,
        ["changePipeline"] = Pipeline,
        ["startPipeline"] = Pipeline,
        ["stopPipeline"] = Pipeline,
        ["pausePipeline"] = Pipeline,
        ["resumePipeline"] = Pipeline,
        ["recoverPipeline"] = Pipeline,
        ["planPipeline"] = """
            {
              "outcome": "restart", "explanation": "The pipeline is stopped, changed and started, and goes on where it stands.", "mustStop": true,
              "changes": [ { "key": "source.batch-size", "before": "1000", "after": "500", "isIdentity": false } ]
            }
            """,
        ["listHistory"] = """{ "items": [ { "at": "2026-11-24T09:00:00+00:00", "event": "started", "by": "alice", "generation": 1, "epoch": 4 } ] }""",
        ["listGaps"] = """{ "items": [ { "from": "2026-11-24T08:00:00+00:00", "to": "2026-11-24T08:00:07+00:00", "last": 41, "next": 45, "missing": 3, "reason": "the server closed the connection" } ] }""",
        ["showState"] = State,
        ["seekState"] = State,
        ["listDeadLetters"] = $$"""{ "items": [ {{Letter}} } ], "counts": { "too-many-fields": 2 } }""",
        ["showDeadLetter"] = $$"""{{Letter}}, "text": "4711,1,pencil,,,,,,\n", "raw": "NDcxMSwxLHBlbmNpbCwsLCwsLAo=" }""",
        ["replayDeadLetters"] = """{ "delivered": 2, "filtered": 0, "failed": 0 }""",
        ["deleteDeadLetters"] = """{ "deleted": 2 }""",
        ["listConnectors"] = """{ "items": [ { "role": "source", "name": "file", "summary": "Reads files." } ] }""",
        ["pushBatch"] = """{ "records": 2, "deadLettered": 0, "alreadyDelivered": false }""",
        ["getProducer"] = """{ "producer": "shop-7", "sequence": 42 }""",
        ["listNodes"] = """{ "items": [ { "name": "node-1", "address": "http://10.0.0.1:5080", "membership": "up", "isThisNode": true, "pipelines": 12, "version": "0.1.0", "started": "2026-11-24T08:00:00+00:00" } ] }""",
    };

    private static readonly Dictionary<string, string> Requests = new(StringComparer.Ordinal)
    {
        ["pushBatch"] = """[ { "order": 4711, "quantity": 2 }, { "order": 4712, "quantity": 1 } ]""",
        ["seekState"] = """{ "offset": 1000 }""",
        ["replayDeadLetters"] = """{ "reason": "too-many-fields" }""",
    };

    private const string DefinitionText = """
        name: orders
        source:
          type: file
          connection: in/orders-*.csv
          options: { format: csv, tail: true }
        transforms:
          - filter: "quantity > 0"
        sink:
          type: file
          connection: out/orders.ndjson
          options: { format: ndjson }

        """;

    /// <summary>A pipeline file.</summary>
    public static JsonNode Definition => JsonValue.Create(DefinitionText.ReplaceLineEndings("\n"))!;

    /// <summary>A JSON body for an endpoint.</summary>
    public static JsonNode? RequestOf(string operation) =>
        Requests.TryGetValue(operation, out var json)
            ? JsonNode.Parse(json)
            : Engine.Configuration.ShownDefinition.Of(DefinitionText, BuiltInCatalogue.Instance).ToJson();

    /// <summary>An answer of an endpoint; null for none.</summary>
    public static JsonNode? AnswerOf(string operation) => Answers.TryGetValue(operation, out var json) ? JsonNode.Parse(json) : null;

    /// <summary>The problem that answers a definition that can't be used.</summary>
    public static JsonNode InvalidDefinition
    {
        get
        {
            var kind = ProblemKinds.Of(StatusCodes.Status422UnprocessableEntity);
            return new JsonObject
            {
                ["type"] = kind.Type,
                ["title"] = kind.Title,
                ["status"] = StatusCodes.Status422UnprocessableEntity,
                ["detail"] = "One thing is wrong with it.",
                ["problems"] = new JsonArray(new JsonObject
                {
                    ["line"] = 5,
                    ["column"] = 14,
                    ["key"] = "source.options.formt",
                    ["message"] = "there is no such key. Did you mean 'format'?",
                }),
            };
        }
    }
}
