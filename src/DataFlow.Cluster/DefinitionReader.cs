using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Cluster;

/// <summary>
/// Reads the definitions of a service's pipelines: the one place where that happens, so that none gets by the
/// <see cref="ClusterOptions.Confinement"/>. Thread-safe.
/// </summary>
/// <param name="catalogue">The kinds that exist.</param>
/// <param name="options">Where relative paths start, and what may be named.</param>
internal sealed class DefinitionReader(Catalogue catalogue, ClusterOptions options)
{
    /// <summary>Where the definition of a pipeline stands, or would stand when it came over the API.</summary>
    public string PathOf(string name, string? path) => Path.GetFullPath(path ?? Path.Combine(options.Root, name + ".yaml"));

    /// <summary>Reads and checks the definition of a pipeline or of an instance.</summary>
    /// <exception cref="ConfigurationException">Something is wrong; carries all of it.</exception>
    public PipelineDefinition Read(RegisteredPipeline pipeline)
    {
        var definition = Read(pipeline.InstanceOf ?? pipeline.Name, pipeline.Definition, pipeline.Path);
        if (definition.Instances != pipeline.InstanceCount)
        {
            // It was written with a variable whose value is another one by now.
            throw new ConfigurationException([definition.ProblemAt(
                "instances",
                $"this is {definition.Instances} here and now, and the pipeline was added with {pipeline.InstanceCount}; give it the same value on all nodes, or change the pipeline.")]);
        }

        return pipeline.Instance is { } number ? definition.OfInstance(number) : definition;
    }

    /// <summary>Reads and checks the definition of a pipeline.</summary>
    /// <param name="name">The name that it has in the service.</param>
    /// <param name="text">The text of the pipeline file.</param>
    /// <param name="path">Where it stands, or would stand.</param>
    /// <exception cref="ConfigurationException">Something is wrong; carries all of it.</exception>
    public PipelineDefinition Read(string name, string text, string path)
    {
        var definition = options.Confinement is { } confinement
            ? PipelineFile.Parse(text, path, catalogue, confinement)
            : PipelineFile.Parse(text, path, catalogue);
        if (definition.Name != name)
        {
            throw new ConfigurationException([definition.ProblemAt("name", $"the definition is of '{definition.Name}', and the pipeline is called '{name}'; write the same name.")]);
        }

        return definition;
    }
}
