namespace DataFlow.Connectors;

/// <summary>The <c>database</c> source in the catalogue.</summary>
internal static class DatabaseSourceDefinition
{
    public static SourceDefinition Definition { get; } = new()
    {
        Name = SourceType.Database,
        Summary = "Polls a SQL database: a whole query, or only what is new by timestamp or id; every row once, also those that are "
            + "committed late. Reads the changes of PostgreSQL tables from its log, too.",
        ConnectionDescription = "A JDBC URL (PostgreSQL, MySQL and MariaDB, SQLite, SQL Server, Oracle), or an ADO.NET "
            + "connection string.",
        ConnectionExample = "jdbc:postgresql://localhost:5432/mydb",
        OptionsType = typeof(DatabaseSourceOptions),
        Files = settings => DatabaseFiles.In(settings.Connection, ((DatabaseSourceOptions)settings.Options).Login, settings.BaseDirectory),
        Capabilities = settings => new SourceCapabilities(Replayable: true, Remark: RemarkOf(settings)),
        Sharing = settings => (DatabaseSourceOptions)settings.Options switch
        {
            { Mode: DatabaseMode.Cdc } => SourceSharing.Refused("with mode: cdc the server's log is one stream"),
            { Key.Count: 0 } => SourceSharing.Refused("the rows are shared by their key, and the option 'key' is not given; name the primary key"),
            _ => SourceSharing.ByShare,
        },
        Create = settings =>
        {
            var options = (DatabaseSourceOptions)settings.Options;
            var address = DatabaseAddress.Of(settings.Connection, options.Login, settings.BaseDirectory, isConfined: settings.ProblemWithFile is not null);
            if (options.Mode == DatabaseMode.Cdc)
            {
                return new ChangeSourceConnector(address, options, settings.PipelineId);
            }

            _ = new SourceQuery(options, address.Dialect, settings.Share);
            return new DatabaseSourceConnector(address, options, settings.Share);
        },
        ReadAgain = DatabaseDeadLetter.ReadAgain,
        DefaultUntil = _ => Until.Forever,
    };

    /// <summary>What the promise rests on, as far as it can be told without asking the database.</summary>
    private static string? RemarkOf(SourceSettings settings)
    {
        var options = (DatabaseSourceOptions)settings.Options;
        if (options.Mode == DatabaseMode.Cdc)
        {
            return "reads the server's log; the slot moves only with what is delivered.";
        }

        if (!options.IsIncremental)
        {
            return options.Key.Count > 0
                ? "every poll reads all rows anew; one that breaks off goes on behind the last key."
                : "every poll reads all rows anew; nothing of one that breaks off is kept. With the option key it goes on.";
        }

        Dialect dialect;
        try
        {
            dialect = DatabaseAddress.Of(settings.Connection, options.Login, settings.BaseDirectory).Dialect;
        }
        catch (ConnectorException)
        {
            // What is wrong with the connection is said when the source is made.
            return null;
        }

        var lag = options.SafetyLag ?? dialect.DefaultSafetyLag(options.IncrementalType);
        var byLag = lag == TimeSpan.Zero
            ? "ids are given out in the order of the commits."
            : $"rows that are committed later than others with a higher {options.IncrementalColumn} are found for "
                + $"{lag.TotalSeconds:0.###} s (safety-lag).";
        return dialect is PostgreSqlDialect or MySqlDialect
            ? "rows that are committed late are waited for by the open transactions. Where those can't be seen (on a standby, "
                + "without the right PROCESS in MySQL), "
                + byLag + " The same holds for stamps that applications set: give a safety-lag for them."
            : byLag;
    }
}
