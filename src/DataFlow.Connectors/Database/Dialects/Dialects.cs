using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>The databases that are known: an explicit list, and what the plugin folder adds.</summary>
internal static class Dialects
{
    private static readonly Dialect[] BuiltIn =
        [PostgreSqlDialect.Instance, MySqlDialect.Instance, SqliteDialect.Instance, SqlServerDialect.Instance];

    /// <summary>The database that an option <c>driver</c> means: a JDBC class name, a database's name, or a plugin.</summary>
    /// <param name="driver">As configured.</param>
    /// <param name="pluginFolder">Where further providers are.</param>
    /// <exception cref="ConnectorException">Nothing has that name.</exception>
    public static Dialect ByDriver(string driver, string pluginFolder)
    {
        var known = BuiltIn.FirstOrDefault(dialect =>
            dialect.DriverNames.Contains(driver, StringComparer.Ordinal)
            || dialect.Vendors.Contains(driver, StringComparer.OrdinalIgnoreCase)
            || dialect.Package.Equals(driver, StringComparison.OrdinalIgnoreCase));
        if (known is not null)
        {
            return known;
        }

        if (OracleDialect.Names.Contains(driver, StringComparer.OrdinalIgnoreCase))
        {
            return new OracleDialect(pluginFolder);
        }

        var plugins = PluginProvider.NamesIn(pluginFolder);
        return plugins.Contains(driver, StringComparer.Ordinal)
            ? new PluginDialect(pluginFolder, driver)
            : throw ConnectorException.User(
                $"Failed to load JDBC driver: '{driver}' is not known. Known are "
                + $"{string.Join(", ", BuiltIn.SelectMany(dialect => dialect.DriverNames).Append(OracleDialect.Names[0]))}"
                + (plugins.Count > 0 ? $", and from the plugin folder {string.Join(", ", plugins)}" : "")
                + $". For any other database put its ADO.NET provider into {Path.Combine(pluginFolder, "PACKAGE")} and write "
                + "driver: PACKAGE. The option driver may be left out for a JDBC URL.");
    }

    /// <summary>The database that the word after <c>jdbc:</c> means.</summary>
    public static Dialect ByVendor(string vendor, string pluginFolder, string display) =>
        BuiltIn.FirstOrDefault(dialect => dialect.Vendors.Contains(vendor))
        ?? (vendor == "oracle"
            ? new OracleDialect(pluginFolder)
            : throw ConnectorException.User(
                $"The connection {display} is for '{vendor}', which is not known. Known are "
                + $"{string.Join(", ", BuiltIn.Select(dialect => dialect.UrlExample))} and {OracleDialect.Example}. For another "
                + "database write an ADO.NET connection string, and its provider from the plugin folder as driver."));

    /// <summary>The database that an ADO.NET connection string is for, by its keys.</summary>
    public static Dialect ByKeys(string connection, string display)
    {
        var keys = KeysOf(connection);
        if (keys.Contains("host"))
        {
            return PostgreSqlDialect.Instance;
        }

        if (keys.Overlaps(["initial catalog", "encrypt", "trustservercertificate", "trust server certificate", "integrated security"]))
        {
            return SqlServerDialect.Instance;
        }

        if (keys.Contains("server") && keys.Overlaps(["port", "uid", "sslmode", "ssl mode"]))
        {
            return MySqlDialect.Instance;
        }

        return keys.Contains("data source") && !keys.Overlaps(["user id", "database", "server"])
            ? SqliteDialect.Instance
            : throw ConnectorException.User(
                $"It can't be told which database {display} is for. Write a JDBC URL such as {PostgreSqlDialect.Instance.UrlExample}, "
                + "or name the database in the option driver: postgresql, mysql, sqlite or sqlserver.");
    }

    private static HashSet<string> KeysOf(string connection)
    {
        try
        {
            var builder = new DbConnectionStringBuilder { ConnectionString = connection };
            return [.. builder.Keys.Cast<string>().Select(key => key.ToLowerInvariant())];
        }
        catch (ArgumentException)
        {
            return [];
        }
    }
}
