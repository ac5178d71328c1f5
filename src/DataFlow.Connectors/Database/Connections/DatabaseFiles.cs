using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>Finds the files and libraries that a connection to a database names, without opening or loading them.</summary>
internal static class DatabaseFiles
{
    // In lower case and without spaces, as JDBC and ADO.NET write them.
    private static readonly HashSet<string> FileKeys =
    [
        "sslrootcert", "rootcertificate", "sslcert", "sslcertificate", "sslkey", "passfile", "passwordfile",
        "sslca", "cacertificatefile", "certificatefile", "serverrsapublickeyfile",
        "attachdbfilename", "extendedproperties", "initialfilename", "servercertificate",
    ];

    /// <summary>The files and libraries.</summary>
    public static IEnumerable<NamedFile> In(string connection, DatabaseLogin login, string baseDirectory)
    {
        var folder = Path.Combine(baseDirectory, login.DriversFolder);
        return
        [
            .. login.DriversFolder != DatabaseLogin.UsualFolder ? [new NamedFile("options.drivers-folder", folder, IsCode: true)] : Array.Empty<NamedFile>(),
            .. Named(connection, login, folder),
        ];
    }

    private static IEnumerable<NamedFile> Named(string connection, DatabaseLogin login, string folder)
    {
        List<Dialect> dialects = [];
        try
        {
            if (login.Driver.Length > 0)
            {
                dialects.Add(Dialects.ByDriver(login.Driver, folder));
            }

            if (JdbcUrl.Is(connection))
            {
                dialects.Add(Dialects.ByVendor(JdbcUrl.Parse(connection).Vendor, folder, ""));
            }
            else if (dialects.Count == 0)
            {
                dialects.Add(Dialects.ByKeys(connection, ""));
            }
        }
        catch (ConnectorException)
        {
            // What is wrong with the connection is said when the connector is made.
            return [];
        }

        return
        [
            .. dialects.OfType<PluginDialect>().Select(plugin => new NamedFile("options.driver", Path.Combine(folder, plugin.Package), IsCode: true)),
            .. ValuesOf(connection)
                .Where(pair => FileKeys.Contains(pair.Key) || (dialects[^1] is SqliteDialect && pair.Key is "datasource" or "filename"))
                .Where(pair => pair.Value is not ("" or ":memory:"))
                .Select(pair => new NamedFile("connection", pair.Value)),
        ];
    }

    private static IEnumerable<KeyValuePair<string, string>> ValuesOf(string connection)
    {
        if (JdbcUrl.Is(connection))
        {
            var url = JdbcUrl.Parse(connection);
            return [.. url.Parameters.Select(pair => KeyValuePair.Create(Plain(pair.Key), pair.Value)), KeyValuePair.Create("datasource", url.Database)];
        }

        try
        {
            var builder = new DbConnectionStringBuilder { ConnectionString = connection };
            return [.. builder.Keys.Cast<string>().Select(key => KeyValuePair.Create(Plain(key), $"{builder[key]}"))];
        }
        catch (ArgumentException)
        {
            return [];
        }
    }

    private static string Plain(string key) => key.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();
}
