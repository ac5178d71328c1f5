namespace DataFlow.Connectors;

/// <summary>The <c>database</c> sink in the catalogue.</summary>
internal static class DatabaseSinkDefinition
{
    public static SinkDefinition Definition { get; } = new()
    {
        Name = "database",
        Summary = "Writes records into a SQL table, rows and checkpoint in one transaction: every record is there exactly once.",
        ConnectionDescription = "A JDBC URL (PostgreSQL, MySQL and MariaDB, SQLite, SQL Server, Oracle), or an ADO.NET "
            + "connection string.",
        ConnectionExample = "jdbc:postgresql://localhost:5432/mydb",
        OptionsType = typeof(DatabaseSinkOptions),
        Files = settings => DatabaseFiles.In(settings.Connection, ((DatabaseSinkOptions)settings.Options).Login, settings.BaseDirectory),
        Capabilities = _ => new SinkCapabilities(SinkReplay.Transactional),
        Create = settings =>
        {
            var options = (DatabaseSinkOptions)settings.Options;
            var address = DatabaseAddress.Of(settings.Connection, options.Login, settings.BaseDirectory, isConfined: settings.ProblemWithFile is not null);
            return new DatabaseSinkConnector(address.Dialect.ForWriting(address), options);
        },
    };
}
