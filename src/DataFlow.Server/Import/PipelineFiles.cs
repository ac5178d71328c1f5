using DataFlow.Engine.Configuration;

namespace DataFlow.Server.Import;

/// <summary>The pipeline files that a service is started with: read and checked before anything starts.</summary>
public static class PipelineFiles
{
    private static readonly EnumerationOptions VisibleFiles = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
    };

    /// <summary>Reads files, and the <c>.yaml</c> and <c>.yml</c> files of folders and the folders below them.</summary>
    /// <param name="paths">Files and folders.</param>
    /// <param name="catalogue">The kinds that exist.</param>
    /// <param name="confinement">What they may name; null for everything.</param>
    /// <exception cref="ConfigurationException">Something is wrong with them; carries all of it.</exception>
    public static IReadOnlyList<FilePipeline> Read(IEnumerable<string> paths, Catalogue catalogue, Confinement? confinement = null)
    {
        var files = new List<FilePipeline>();
        var problems = new List<ConfigurationProblem>();
        foreach (var path in paths.SelectMany(FilesAt).Distinct(StringComparer.Ordinal))
        {
            try
            {
                var text = PipelineFile.ReadText(path);
                files.Add(new FilePipeline(Parse(text, path, catalogue, confinement), text, path));
            }
            catch (ConfigurationException wrong)
            {
                problems.AddRange(wrong.Problems);
            }
        }

        problems.AddRange(files
            .SelectMany(file => NamesOf(file.Definition), (file, name) => (file, name))
            .GroupBy(named => named.name, named => named.file, StringComparer.OrdinalIgnoreCase)
            .Where(alike => alike.Count() > 1)
            .Select(alike => alike.Last().Definition.ProblemAt(
                "name", $"{string.Join(" and ", alike.Select(file => file.Path))} have the same name, '{alike.Key}'; give each pipeline a name of its own.")));
        return problems.Count == 0 ? files : throw new ConfigurationException(problems);
    }

    // Its instances have names, too.
    private static IEnumerable<string> NamesOf(PipelineDefinition definition) =>
        PipelineName.OfState(definition.Name, definition.Instances).Prepend(definition.Name).Distinct();

    private static PipelineDefinition Parse(string text, string path, Catalogue catalogue, Confinement? confinement) => confinement is null
        ? PipelineFile.Parse(text, path, catalogue)
        : PipelineFile.Parse(text, path, catalogue, confinement);

    private static IEnumerable<string> FilesAt(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        var found = Directory.EnumerateFiles(path, "*", VisibleFiles)
            .Where(file => Path.GetExtension(file) is ".yaml" or ".yml")
            .Order(StringComparer.Ordinal)
            .ToList();
        return found.Count > 0
            ? found
            : throw new ConfigurationException([new ConfigurationProblem(path, 0, 0, "", "there is no .yaml or .yml file in this folder or below it.")]);
    }
}

/// <summary>A pipeline file.</summary>
/// <param name="Definition">What it says.</param>
/// <param name="Text">Its text.</param>
/// <param name="Path">Where it is.</param>
public sealed record FilePipeline(PipelineDefinition Definition, string Text, string Path);
