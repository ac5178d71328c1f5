using System.Text;
using DataFlow.Cluster;
using DataFlow.Engine.Configuration;
using Microsoft.AspNetCore.Http;

namespace DataFlow.Server.Requests;

/// <summary>A pipeline definition that came as the body of a request.</summary>
internal static class DefinitionBody
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads it.</summary>
    /// <exception cref="RefusalException">It is empty or no UTF-8.</exception>
    /// <exception cref="ConfigurationException">It holds masks in place of secrets.</exception>
    public static async Task<string> ReadAsync(HttpRequest request, Catalogue catalogue, CancellationToken ct)
    {
        try
        {
            using var reader = new StreamReader(request.Body, StrictUtf8, detectEncodingFromByteOrderMarks: true);
            var definition = await reader.ReadToEndAsync(ct).ConfigureAwait(false);
            if (string.IsNullOrWhiteSpace(definition))
            {
                throw new RefusalException(RefusalKind.Invalid, "The body is empty; send a pipeline file, as YAML or JSON.");
            }

            ShownDefinition.RefuseMasks(definition, catalogue);
            return definition;
        }
        catch (DecoderFallbackException)
        {
            throw new RefusalException(RefusalKind.Invalid, "The body is no UTF-8 text; send the pipeline file as UTF-8.");
        }
    }

    /// <summary>The name that a new pipeline gets: as asked for, or as the definition says.</summary>
    /// <exception cref="RefusalException">There is none, or it can't be used.</exception>
    public static string NameOf(string definition, string? asked)
    {
        var name = asked ?? PipelineFile.NameIn(definition)
            ?? throw new RefusalException(RefusalKind.Invalid, "The pipeline has no name; add the key 'name' to its definition, or ?name= to the address.");
        return PipelineName.Problem(name) is { } problem ? throw new RefusalException(RefusalKind.Invalid, problem) : name;
    }
}
