using System.Runtime.InteropServices;

namespace DataFlow.UnitTests.Connectors;

/// <summary>The provider of SQLite under another name, in a plugin folder as somebody would publish it.</summary>
internal static class SqlitePlugin
{
    /// <summary>What <c>driver</c> says.</summary>
    public const string Name = "Another.Provider";

    /// <summary>Fills a plugin folder.</summary>
    public static void CopyTo(string drivers)
    {
        var folder = Directory.CreateDirectory(Path.Combine(drivers, Name)).FullName;
        foreach (var file in Directory.GetFiles(AppContext.BaseDirectory, "SQLitePCLRaw*.dll"))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        File.Copy(Path.Combine(AppContext.BaseDirectory, "Microsoft.Data.Sqlite.dll"), Path.Combine(folder, $"{Name}.dll"));
        var processor = "linux-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        var native = Directory.GetFiles(AppContext.BaseDirectory, "libe_sqlite3.so", SearchOption.AllDirectories)
            .First(file => file.Contains(processor, StringComparison.Ordinal));
        File.Copy(native, Path.Combine(folder, "libe_sqlite3.so"));
    }
}
