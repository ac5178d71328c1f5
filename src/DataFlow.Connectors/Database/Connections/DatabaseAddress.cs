using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>Where a database is and how to talk to it. Immutable, thread-safe.</summary>
/// <param name="Dialect">The database's own ways.</param>
/// <param name="ConnectionString">For the provider; holds the password.</param>
/// <param name="Display">The connection as the user wrote it, without passwords.</param>
/// <param name="Notes">What was left out of the connection, for the log.</param>
internal sealed record DatabaseAddress(Dialect Dialect, string ConnectionString, string Display, IReadOnlyList<string> Notes)
{
    /// <summary>The password, so that it can be taken out of what a server says.</summary>
    public string Password { get; init; } = "";

    /// <summary>True when statements and servers must not reach other files of this machine.</summary>
    public bool IsConfined { get; init; }

    /// <summary>Statements that every new connection runs first.</summary>
    public string? SessionSetup { get; init; }

    /// <summary>Reads a connection: a JDBC URL or an ADO.NET connection string.</summary>
    /// <param name="connection">As configured.</param>
    /// <param name="login">Wins over values in the connection.</param>
    /// <param name="baseDirectory">Where relative paths of file databases and of the plugin folder start.</param>
    /// <param name="isConfined">See <see cref="IsConfined"/>.</param>
    /// <exception cref="ConnectorException">It can't be read; the message says what is allowed.</exception>
    public static DatabaseAddress Of(string connection, DatabaseLogin login, string baseDirectory, bool isConfined = false)
    {
        var display = SecretText.Of(connection);
        var named = login.Driver.Length == 0 ? null : Dialects.ByDriver(login.Driver, Path.Combine(baseDirectory, login.DriversFolder));
        var notes = new List<string>();
        DbConnectionStringBuilder builder;
        Dialect dialect;
        if (JdbcUrl.Is(connection))
        {
            var url = JdbcUrl.Parse(connection);
            dialect = Dialects.ByVendor(url.Vendor, Path.Combine(baseDirectory, login.DriversFolder), display);
            if (named is not null && named.Name != dialect.Name)
            {
                throw ConnectorException.User(
                    $"The driver {login.Driver} is for {named.Name}, but {display} is a connection to {dialect.Name}. Mend one of them; "
                    + "driver may be left out.");
            }

            builder = dialect.Translate(url, baseDirectory, notes);
        }
        else
        {
            dialect = named ?? Dialects.ByKeys(connection, display);
            builder = dialect.CreateBuilder();
            Fill(builder, connection, display, dialect);
        }

        dialect = dialect.For(builder);
        dialect.SetLogin(builder, login);
        dialect.Complete(builder, baseDirectory);
        if (isConfined)
        {
            dialect.Confine(builder, display);
        }

        return new DatabaseAddress(dialect, builder.ConnectionString, display, notes)
        {
            Password = dialect.PasswordOf(builder),
            SessionSetup = dialect.SessionSetup(connection),
            IsConfined = isConfined,
        };
    }

    /// <summary>Opens a pooled connection.</summary>
    public async Task<DbConnection> OpenAsync(CancellationToken ct)
    {
        var connection = Dialect.CreateConnection(ConnectionString);
        try
        {
            await connection.OpenAsync(ct).ConfigureAwait(false);
            if (!await Dialect.IsAliveAsync(connection, ct).ConfigureAwait(false))
            {
                // It is from before the server was started again: the next one is new.
                await connection.CloseAsync().ConfigureAwait(false);
                await connection.OpenAsync(ct).ConfigureAwait(false);
            }

            if (IsConfined)
            {
                Dialect.Confine(connection);
            }

            if ((SessionSetup ?? Dialect.SessionSetup(connection)) is { } setup)
            {
                await connection.ExecuteAsync(setup, ct).ConfigureAwait(false);
            }

            return connection;
        }
        catch (Exception failure)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (failure is OperationCanceledException && ct.IsCancellationRequested)
            {
                throw;
            }

            throw DatabaseFault.OfConnection(failure, this);
        }
    }

    private static void Fill(DbConnectionStringBuilder builder, string connection, string display, Dialect dialect)
    {
        try
        {
            builder.ConnectionString = connection;
        }
        catch (ArgumentException failure)
        {
            throw ConnectorException.User(
                $"The connection {display} is no connection string for {dialect.Name}: {SecretText.Of(failure.Message)} "
                + $"Mend it, or write it as {dialect.UrlExample}.");
        }
    }
}

/// <summary>Who connects, and with what: the options that source and sink share.</summary>
/// <param name="Username">Or empty.</param>
/// <param name="Password">Or empty.</param>
/// <param name="Driver">JDBC class name, database name or name of a plugin; or empty.</param>
/// <param name="DriversFolder">Folder of plugins.</param>
internal sealed record DatabaseLogin(string Username, string Password, string Driver, string DriversFolder)
{
    /// <summary>The folder of plugins where the options name none.</summary>
    public const string UsualFolder = "drivers";
}
