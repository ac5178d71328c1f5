using System.Text;

namespace DataFlow.Engine.Configuration;

/// <summary>Reads pipeline files: YAML, and so JSON.</summary>
public static class PipelineFile
{
    private const int LargestFile = 4 << 20;

    /// <summary>Reads and checks a pipeline file. Nothing is connected, read or written.</summary>
    /// <param name="path">The file, for messages as it is given here.</param>
    /// <param name="catalogue">The kinds that exist.</param>
    /// <exception cref="ConfigurationException">Something is wrong; carries all of it.</exception>
    public static PipelineDefinition Load(string path, Catalogue catalogue) => Load(path, catalogue, Environment.GetEnvironmentVariable);

    /// <summary>Checks the text of a pipeline file.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">Where it would stand: relative paths start in its folder. The file need not exist.</param>
    /// <param name="catalogue">The kinds that exist.</param>
    /// <exception cref="ConfigurationException">Something is wrong; carries all of it.</exception>
    public static PipelineDefinition Parse(string text, string path, Catalogue catalogue) =>
        Parse(text, path, catalogue, Environment.GetEnvironmentVariable);

    /// <summary>Checks the text of a pipeline file that may not name everything on this machine.</summary>
    /// <param name="text">The text.</param>
    /// <param name="path">Where it would stand: relative paths start in its folder. The file need not exist.</param>
    /// <param name="catalogue">The kinds that exist.</param>
    /// <param name="confinement">What it may name.</param>
    /// <exception cref="ConfigurationException">Something is wrong; carries all of it.</exception>
    public static PipelineDefinition Parse(string text, string path, Catalogue catalogue, Confinement confinement) =>
        Parse(text, path, catalogue, Environment.GetEnvironmentVariable, confinement);

    /// <summary>The name that the text of a pipeline file gives, checked or not; null when it gives none or can't be read.</summary>
    public static string? NameIn(string text) => YamlReader.Read(text, new ProblemList(null)) is MapValue map
        && map.Entries.FirstOrDefault(entry => entry.Key == "name")?.Value is ScalarValue { IsNull: false } name ? name.Text : null;

    internal static PipelineDefinition Load(string path, Catalogue catalogue, Func<string, string?> environment) =>
        Parse(ReadText(path), path, catalogue, environment);

    internal static PipelineDefinition Parse(
        string text, string path, Catalogue catalogue, Func<string, string?> environment, Confinement? confinement = null)
    {
        var problems = new ProblemList(path);
        var document = YamlReader.Read(text, problems);
        problems.ThrowIfAny();
        if (document is not MapValue map || map.Entries.Count == 0)
        {
            throw Refuse(
                path, "this is no pipeline file: it must have the keys 'source' and 'sink'. `dataflow new` writes one to start from.");
        }

        // Editors want to be told the schema in the file itself.
        map = map with { Entries = [.. map.Entries.Where(entry => entry.Key != JsonSchemaWriter.SchemaKey)] };
        var baseDirectory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? Path.GetFullPath(path);
        var interpolated = (MapValue)new Interpolation(problems, baseDirectory, environment, confinement).Apply(map, "");
        var definition = new PipelineReader(catalogue, problems, path, baseDirectory, confinement).Read(interpolated);
        problems.ThrowIfAny();
        return definition!;
    }

    /// <summary>The text of a pipeline file, unchecked.</summary>
    /// <exception cref="ConfigurationException">It can't be read, or is too large to be one.</exception>
    public static string ReadText(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                throw Refuse(path, Directory.Exists(path)
                    ? "this is a folder; name the pipeline file in it."
                    : $"there is no such file (looked for {file.FullName}); check the path.");
            }

            if (file.Length > LargestFile)
            {
                throw Refuse(path, "this is no pipeline file: it is larger than 4 MiB.");
            }

            using var reader = new StreamReader(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
            return reader.ReadToEnd();
        }
        catch (DecoderFallbackException)
        {
            throw Refuse(path, "this is no UTF-8 text; save the file as UTF-8.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Refuse(path, $"the file can't be read: {exception.Message}");
        }
    }

    private static ConfigurationException Refuse(string path, string message) =>
        new([new ConfigurationProblem(path, 0, 0, "", message)]);
}
