using System.Data.Common;
using System.Reflection;
using System.Runtime.Loader;

namespace DataFlow.Connectors;

/// <summary>
/// An ADO.NET provider from the plugin folder: a folder named like the provider's package, which holds the package's library
/// with everything that it needs. Loaded once per process, apart from our own libraries.
/// </summary>
internal static class PluginProvider
{
    private static readonly Dictionary<string, DbProviderFactory> Loaded = [];
    private static readonly Lock Gate = new();

    /// <summary>The providers that a folder holds, by name.</summary>
    public static IReadOnlyList<string> NamesIn(string folder) =>
        Directory.Exists(folder)
            ? [.. Directory.GetDirectories(folder)
                .Where(path => System.IO.File.Exists(LibraryIn(path)))
                .Select(path => Path.GetFileName(path)!)
                .Order(StringComparer.Ordinal)]
            : [];

    /// <summary>Loads a provider.</summary>
    /// <exception cref="ConnectorException">It is not there or holds no provider; the message says what to put where.</exception>
    public static DbProviderFactory Load(string folder, string package)
    {
        var path = Path.Combine(folder, package);
        lock (Gate)
        {
            if (Loaded.TryGetValue(path, out var known))
            {
                return known;
            }

            var library = LibraryIn(path);
            if (!System.IO.File.Exists(library))
            {
                throw ConnectorException.User(
                    $"Failed to load JDBC driver: the .NET package {package} is not in the plugin folder. Publish a class library that "
                    + $"references {package} and has <EnableDynamicLoading>, and put all its files into {path}, so that {library} is "
                    + "there. Another folder can be named by the option drivers-folder.");
            }

            return Loaded[path] = FactoryOf(library, package);
        }
    }

    private static string LibraryIn(string path) => Path.Combine(path, Path.GetFileName(path) + ".dll");

    private static DbProviderFactory FactoryOf(string library, string package)
    {
        try
        {
            var assembly = new PluginContext(library).LoadFromAssemblyPath(library);
            var type = assembly.GetExportedTypes().FirstOrDefault(candidate => candidate.IsSubclassOf(typeof(DbProviderFactory)));
            return type?.GetField("Instance", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as DbProviderFactory
                ?? throw ConnectorException.User(
                    $"Failed to load JDBC driver: {library} holds no ADO.NET provider (a DbProviderFactory with an Instance). "
                    + "Is it the right package?");
        }
        catch (Exception failure) when (
            failure is BadImageFormatException or FileLoadException or FileNotFoundException or TypeLoadException)
        {
            throw ConnectorException.User(
                $"Failed to load JDBC driver: {package} could not be loaded from {library}: {failure.Message} Publish it for this "
                + "version of .NET, with all that it needs.",
                failure);
        }
    }

    private sealed class PluginContext(string library) : AssemblyLoadContext(Path.GetFileNameWithoutExtension(library))
    {
        private readonly AssemblyDependencyResolver _resolver = new(library);

        protected override Assembly? Load(AssemblyName assemblyName) =>
            _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : LoadBeside(assemblyName.Name + ".dll");

        protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
            _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;

        /// <summary>Without a <c>.deps.json</c> of the library's own name, what it needs lies beside it.</summary>
        private Assembly? LoadBeside(string file)
        {
            var path = Path.Combine(Path.GetDirectoryName(library)!, file);
            return System.IO.File.Exists(path) ? LoadFromAssemblyPath(path) : null;
        }
    }
}
