using System.Text.Json.Nodes;
using DataFlow.Engine.Configuration;

namespace DataFlow.Server.Answers;

/// <summary>A source, sink or transform in a list.</summary>
/// <param name="Role">source, sink or transform.</param>
/// <param name="Name">The name that pipelines use.</param>
/// <param name="Summary">One sentence.</param>
public sealed record ConnectorSummary(ConnectorRole Role, string Name, string Summary);

/// <summary>Everything about a source, sink or transform.</summary>
public sealed record ConnectorAnswer
{
    /// <summary>source, sink or transform.</summary>
    public required ConnectorRole Role { get; init; }

    /// <summary>The name that pipelines use.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>What <c>connection</c> means; left out for transforms.</summary>
    public ConnectionReference? Connection { get; init; }

    /// <summary>The option that a bare value sets; left out when there is none.</summary>
    public string? ShorthandOption { get; init; }

    /// <summary>The options, those that must be given first.</summary>
    public required IReadOnlyList<OptionReference> Options { get; init; }

    /// <summary>JSON Schema (draft 2020-12) of the options.</summary>
    public required JsonObject Schema { get; init; }

    /// <summary>A complete pipeline file.</summary>
    public required string Example { get; init; }

    internal static ConnectorAnswer Of(ConnectorReference reference, Type optionsType) => new()
    {
        Role = reference.Role,
        Name = reference.Name,
        Summary = reference.Summary,
        Connection = reference.Connection,
        ShorthandOption = reference.ShorthandOption,
        Options = reference.Options,
        Schema = JsonSchemaWriter.OptionsOf(optionsType),
        Example = reference.Example,
    };
}
