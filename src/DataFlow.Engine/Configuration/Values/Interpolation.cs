using System.Text;
using System.Text.RegularExpressions;

namespace DataFlow.Engine.Configuration;

/// <summary>
/// Replaces <c>${env:NAME}</c>, <c>${env:NAME:-default}</c> and <c>${file:path}</c> in values that are already parsed, so that no value can
/// change the structure of the file. <c>$${</c> stands for <c>${</c> itself.
/// </summary>
internal sealed partial class Interpolation(
    ProblemList problems, string baseDirectory, Func<string, string?> environment, Confinement? confinement = null)
{
    private const int LargestFile = 1 << 20;
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>
    /// The value with all references replaced; what can't be replaced is a problem and becomes a <see cref="BrokenValue"/>.
    /// </summary>
    public ConfigurationValue Apply(ConfigurationValue value, string path) => value switch
    {
        ScalarValue scalar => Apply(scalar, path),
        ListValue list => list with { Items = [.. list.Items.Select((item, index) => Apply(item, $"{path}[{index}]"))] },
        MapValue map => map with
        {
            Entries = [.. map.Entries.Select(entry => entry with { Value = Apply(entry.Value, Phrases.Join(path, entry.Key)) })],
        },
        _ => value,
    };

    private ConfigurationValue Apply(ScalarValue scalar, string path)
    {
        if (!scalar.Text.Contains("${", StringComparison.Ordinal))
        {
            return scalar;
        }

        var before = problems.Count;
        var isReplaced = false;
        var text = Reference().Replace(scalar.Text, match =>
        {
            if (match.Value == "$${")
            {
                return "${";
            }

            isReplaced = true;
            var (result, problem) = Resolve(match);
            if (problem is not null)
            {
                problems.Add(scalar.Location, path, problem);
            }

            return result;
        });
        return problems.Count > before
            ? new BrokenValue(scalar.Location)
            : new ScalarValue(text, IsPlain: false, scalar.Location, isReplaced ? scalar.Text : null);
    }

    private (string Text, string? Problem) Resolve(Match match)
    {
        if (!match.Value.EndsWith('}'))
        {
            return ("", "'${' has no closing '}'; add it, or write $${ for the text itself.");
        }

        if (match.Groups["env"] is { Success: true } name)
        {
            return ResolveVariable(name.Value, match.Groups["default"]);
        }

        if (match.Groups["file"] is { Success: true } path)
        {
            return ReadFile(match.Value, Path.GetFullPath(Path.Combine(baseDirectory, path.Value)));
        }

        // What stands in the braces is not shown: it may be part of a password.
        return ("", "this '${...}' is unknown; write ${env:NAME}, ${env:NAME:-default} or ${file:path}, or $${ for the text itself.");
    }

    private (string Text, string? Problem) ResolveVariable(string name, Group fallback)
    {
        if (confinement?.ProblemWithVariable(name) is { } problem)
        {
            return ("", problem);
        }

        var value = environment(name);
        return (value, fallback.Success) switch
        {
            (null or "", true) => (fallback.Value, null),
            (null, false) => ("", $"the environment variable {name} is not set; set it, or give a default: ${{env:{name}:-default}}."),
            _ => (value, null),
        };
    }

    private (string Text, string? Problem) ReadFile(string reference, string path)
    {
        if (confinement?.ProblemWithFile(path) is { } problem)
        {
            return ("", $"{reference} can't be read: {problem}");
        }

        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                var found = Directory.Exists(path) ? "is a folder" : "does not exist";
                return ("", $"{reference} can't be read: {path} {found}; relative paths start at the pipeline file's folder.");
            }

            if (file.Length > LargestFile)
            {
                return ("", $"{reference} can't be read: {path} is larger than 1 MiB, which is no value of an option.");
            }

            return (WithoutLastNewline(StrictUtf8.GetString(File.ReadAllBytes(path))), null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return ("", $"{reference} can't be read: {exception.Message}");
        }
        catch (DecoderFallbackException)
        {
            return ("", $"{reference} can't be read: {path} is no UTF-8 text.");
        }
    }

    private static string WithoutLastNewline(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;

    [GeneratedRegex(
        @"\$\$\{|\$\{(?:env:(?<env>[A-Za-z_][A-Za-z0-9_]*)(?::-(?<default>[^}]*))?|file:(?<file>[^}]+)|[^}]*)(?:\}|\z)")]
    private static partial Regex Reference();
}
