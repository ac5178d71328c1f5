using System.Reflection;

namespace DataFlow.RepositoryTests;

/// <summary>The checkout that the tests run in.</summary>
internal static class Repository
{
    /// <summary>Its root: the first folder upwards that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Files of a kind, without what builds leave behind.</summary>
    public static IEnumerable<string> Files(string pattern) => Directory
        .EnumerateFiles(Root, pattern, SearchOption.AllDirectories)
        .Where(path => !Path.GetRelativePath(Root, path).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or ".git" or ".dataflow" or "out" or "node_modules"));

    /// <summary>The assemblies with tests.</summary>
    public static IEnumerable<Assembly> TestAssemblies() => new DirectoryInfo(AppContext.BaseDirectory)
        .EnumerateFiles("DataFlow.*Tests.dll")
        .Select(file => Assembly.LoadFrom(file.FullName));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DataFlow.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"There is no DataFlow.slnx above {AppContext.BaseDirectory}.");
    }
}
