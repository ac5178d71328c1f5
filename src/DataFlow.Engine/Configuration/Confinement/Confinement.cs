namespace DataFlow.Engine.Configuration;

/// <summary>
/// What the pipelines of a service may name on its machine: files inside of its roots, and environment variables that are open to
/// them. Whoever may add a pipeline must not read the rest of the machine with it. Immutable, thread-safe.
/// </summary>
public sealed class Confinement
{
    private readonly IReadOnlyList<string> _roots;
    private readonly IReadOnlyList<string> _closed;
    private readonly IReadOnlyList<string> _plugins;
    private readonly IReadOnlyList<string> _variables;
    private readonly IReadOnlySet<string> _ownVariables;

    /// <summary>Prepares the checks. Folders need not exist yet.</summary>
    /// <param name="roots">Folders that files may be in.</param>
    /// <param name="closed">Files and folders that stay closed even inside of a root: state, keys.</param>
    /// <param name="plugins">Folders that libraries may be loaded from.</param>
    /// <param name="variables">Names of environment variables, with <c>*</c> for any rest: <c>DATAFLOW_*</c>.</param>
    /// <param name="ownVariables">Names that stay closed: the service's own settings.</param>
    public Confinement(
        IEnumerable<string> roots,
        IEnumerable<string> closed,
        IEnumerable<string> plugins,
        IEnumerable<string> variables,
        IEnumerable<string> ownVariables)
    {
        _roots = [.. roots.Select(RealPath.Of).Distinct(StringComparer.Ordinal)];
        _closed = [.. closed.Select(RealPath.Of)];
        _plugins = [.. plugins.Select(RealPath.Of)];
        _variables = [.. variables];
        _ownVariables = ownVariables.ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Why a pipeline may not name a file or folder; null when it may. A path with <c>*</c> is judged by the folder before it.</summary>
    /// <param name="path">An absolute path.</param>
    public string? ProblemWithFile(string path)
    {
        var full = Path.GetFullPath(path);
        var wildcard = full.IndexOf('*', StringComparison.Ordinal);
        var fixedPart = wildcard < 0 ? full : full[..(full.LastIndexOf(Path.DirectorySeparatorChar, wildcard) + 1)];
        return Judge(full, fixedPart) ?? (wildcard < 0 ? null : Judge(full, full));
    }

    /// <summary>Why a pipeline may not have a library loaded; null when it may.</summary>
    /// <param name="path">An absolute path.</param>
    public string? ProblemWithCode(string path)
    {
        var real = RealPath.Of(path);
        return _plugins.Any(folder => IsIn(real, folder))
            ? null
            : $"{path} would be loaded and run, which pipelines of this service may only have from the folders that it was started with "
                + $"({(_plugins.Count > 0 ? string.Join(", ", _plugins) : "none")}; --plugins).";
    }

    /// <summary>Why a pipeline may not see an environment variable; null when it may.</summary>
    public string? ProblemWithVariable(string name) =>
        _ownVariables.Contains(name) ? $"the environment variable {name} is the service's own and closed to its pipelines; use another name."
        : _variables.Any(pattern => Matches(name, pattern)) ? null
        : $"the environment variable {name} is closed to pipelines of this service; open are {Phrases.Or(_variables)}. Rename it, or start the "
            + $"service with --allow-env {name}.";

    private string? Judge(string path, string part)
    {
        var real = RealPath.Of(part);
        if (_closed.Any(closed => IsIn(real, closed)))
        {
            return $"{path} belongs to the service itself and is closed to its pipelines; use another folder.";
        }

        return _roots.Any(root => IsIn(real, root))
            ? null
            : $"{path} is outside of the folders that pipelines of this service may use ({string.Join(", ", _roots)}); move it there, or start the "
                + "service with another --root.";
    }

    private static bool IsIn(string path, string folder) =>
        path.StartsWith(folder, StringComparison.Ordinal)
        && (path.Length == folder.Length || folder.EndsWith(Path.DirectorySeparatorChar) || path[folder.Length] == Path.DirectorySeparatorChar);

    private static bool Matches(string name, string pattern) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern;
}
