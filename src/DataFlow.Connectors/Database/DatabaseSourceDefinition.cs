namespace DataFlow.Connectors;

/// <summary>The <c>database</c> source in the catalogue.</summary>
internal static class DatabaseSourceDefinition
{
    public static SourceDefinition Definition { get; } = new()
    {
        Name = SourceType.Database,
        Summary = "Polls a SQL database: a whole query, or only what is new by timestamp or id; every row once, also those that are committed late. Reads the changes of PostgreSQL tables from its log, too.",
        ConnectionDescription = "A JDBC URL (PostgreSQL, MySQL and MariaDB, SQLite, SQL Server, Oracle), or an ADO.NET connection string.",
        ConnectionExample = "jdbc:postgresql://localhost:5432/mydb",
        OptionsType = typeof(DatabaseSourceOptions),
        Capabilities = _ => new SourceCapabilities(Replayable: true),
        Create = settings =>
        {
            var options = (DatabaseSourceOptions)settings.Options;
            var address = DatabaseAddress.Of(settings.Connection, options.Login, settings.BaseDirectory);
            if (options.Mode == DatabaseMode.Cdc)
            {
                return new ChangeSourceConnector(address, options, settings.PipelineId);
            }

            _ = new SourceQuery(options, address.Dialect);
            return new DatabaseSourceConnector(address, options);
        },
        DefaultUntil = _ => Until.Forever,
    };
}
