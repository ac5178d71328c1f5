using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>What differs from database to database. Stateless, thread-safe.</summary>
internal abstract class Dialect
{
    /// <summary>How people call the database.</summary>
    public abstract string Name { get; }

    /// <summary>The package of the provider.</summary>
    public abstract string Package { get; }

    /// <summary>The words after <c>jdbc:</c> that mean it.</summary>
    public abstract IReadOnlyList<string> Vendors { get; }

    /// <summary>JDBC class names that mean it.</summary>
    public abstract IReadOnlyList<string> DriverNames { get; }

    /// <summary>A JDBC URL to show.</summary>
    public abstract string UrlExample { get; }

    /// <summary>How its SQL text is to be read.</summary>
    public virtual SqlSyntax Syntax => SqlSyntax.Standard;

    /// <summary>True when a derived table may end with an ORDER BY of its own.</summary>
    public virtual bool OrdersInside => true;

    /// <summary>Most positions after the point in the seconds of a timestamp.</summary>
    public virtual int FractionDigits => 6;

    /// <summary>True when all values of a column are of its one type, and its table may be altered before a query that was described runs.</summary>
    public virtual bool HasColumnTypes => false;

    /// <summary>The provider.</summary>
    protected abstract DbProviderFactory Factory { get; }

    /// <summary>A connection string to fill.</summary>
    public virtual DbConnectionStringBuilder CreateBuilder() => Factory.CreateConnectionStringBuilder() ?? new DbConnectionStringBuilder();

    /// <summary>A connection that is not open yet.</summary>
    public DbConnection CreateConnection(string connectionString)
    {
        var connection = Factory.CreateConnection()!;
        connection.ConnectionString = connectionString;
        return connection;
    }

    /// <summary>Turns a JDBC URL into a connection string; notes what was left out.</summary>
    public abstract DbConnectionStringBuilder Translate(JdbcUrl url, string baseDirectory, List<string> notes);

    /// <summary>The database's ways as a connection string wants them.</summary>
    public virtual Dialect For(DbConnectionStringBuilder builder) => this;

    /// <summary>Puts the login of the options over what the connection says.</summary>
    public virtual void SetLogin(DbConnectionStringBuilder builder, DatabaseLogin login)
    {
        if (login.Username.Length > 0)
        {
            builder[UserKey] = login.Username;
        }

        if (login.Password.Length > 0)
        {
            builder[PasswordKey] = login.Password;
        }
    }

    /// <summary>Sets what has to be set whatever the user wrote.</summary>
    public virtual void Complete(DbConnectionStringBuilder builder, string baseDirectory)
    {
    }

    /// <summary>Refuses what would open files of this machine to a server.</summary>
    /// <exception cref="ConnectorException">The connection string has such a thing.</exception>
    public virtual void Confine(DbConnectionStringBuilder builder, string display)
    {
    }

    /// <summary>Keeps the statements of an open connection from other files of this machine.</summary>
    public virtual void Confine(DbConnection connection)
    {
    }

    /// <summary>The password in a connection string, or empty.</summary>
    public string PasswordOf(DbConnectionStringBuilder builder) =>
        builder.TryGetValue(PasswordKey, out var value)
            ? Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? ""
            : "";

    /// <summary>The same place, with what only writing needs.</summary>
    public virtual DatabaseAddress ForWriting(DatabaseAddress address) => address;

    /// <summary>Statements for each new connection, or null.</summary>
    public virtual string? SessionSetup(string connection) => null;

    /// <summary>Statements for an open connection, by what its server has told; or null.</summary>
    public virtual string? SessionSetup(DbConnection connection) => null;

    /// <summary>
    /// Asks a server whether a connection that was just opened is still one; where it isn't, the others of its pool are given up with it.
    /// Only for providers that don't look before they give a pooled one out.
    /// </summary>
    public virtual ValueTask<bool> IsAliveAsync(DbConnection connection, CancellationToken ct) => ValueTask.FromResult(true);

    /// <summary>An identifier with its quotes.</summary>
    public virtual string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A table name of one or more parts with its quotes: <c>public.users</c>.</summary>
    public string QuoteTable(string table) => string.Join('.', TableName.Parts(table).Select(Quote));

    /// <summary>How the n-th parameter is written and named.</summary>
    /// <param name="number">1-based.</param>
    public virtual string Placeholder(int number) => $"@p{number}";

    /// <summary>The name that the provider wants on the n-th parameter.</summary>
    /// <param name="number">1-based.</param>
    public virtual string ParameterName(int number) => Placeholder(number);

    /// <summary>Gives a command a cursor as its next parameter.</summary>
    public virtual void Bind(DbCommand command, CursorValue value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = ParameterName(command.Parameters.Count + 1);
        parameter.Value = value.Kind switch
        {
            CursorKind.Number when value.Number == decimal.Truncate(value.Number) && Math.Abs(value.Number) <= long.MaxValue =>
                (long)value.Number,
            CursorKind.Number => value.Number,
            CursorKind.Moment => new DateTime((long)value.Number, DateTimeKind.Unspecified),
            _ => value.Text,
        };
        if (value.Kind == CursorKind.Moment)
        {
            parameter.DbType = System.Data.DbType.DateTime2;
        }

        command.Parameters.Add(parameter);
    }

    /// <summary>How a statement that alters a table begins to add a column.</summary>
    public virtual string AddColumn => "ADD COLUMN";

    /// <summary>The query's first <paramref name="rows"/> rows.</summary>
    public virtual string First(string select, int rows) => $"{select} LIMIT {rows}";

    /// <summary>The database's clock, as milliseconds of the Unix epoch.</summary>
    public abstract string ClockQuery { get; }

    /// <summary>The shortest time by which a cursor stays behind where nothing tells which transactions are still open.</summary>
    public virtual TimeSpan DefaultSafetyLag(IncrementalType type) => TimeSpan.FromSeconds(30);

    /// <summary>Tells which transactions may still bring rows below a cursor; null when nobody can.</summary>
    public virtual ValueTask<ITransactionWatch?> WatchAsync(DatabaseAddress address, CancellationToken ct) =>
        ValueTask.FromResult<ITransactionWatch?>(null);

    /// <summary>Asks the database which columns a query gives, without running it.</summary>
    public virtual async Task<IReadOnlyList<DbColumn>> DescribeAsync(
        DbConnection connection, SqlText sql, DbTransaction? transaction, CancellationToken ct)
    {
        var command = sql.CreateCommand(connection, this);
        await using (command.ConfigureAwait(false))
        {
            command.Transaction = transaction;
            var reader = await command.ExecuteReaderAsync(System.Data.CommandBehavior.SchemaOnly, ct).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                return await reader.GetColumnSchemaAsync(ct).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Starts a query and reads its rows.</summary>
    public virtual async Task<IRowReader> ReadAsync(
        DbConnection connection, SqlText sql, QueryShape shape, QueryLimits limits, CancellationToken ct)
    {
        var command = sql.CreateCommand(connection, this);
        command.CommandTimeout = limits.TimeoutSeconds;
        return await ProviderRowReader.StartAsync(command, shape, this, ct).ConfigureAwait(false);
    }

    /// <summary>The columns of a derived table <c>q</c> as its rows are read.</summary>
    public virtual string SelectList(QueryShape shape) => "q.*";

    /// <summary>The text format of a column's values, from what the provider says about the column.</summary>
    public virtual ColumnFormat FormatOf(DbColumn column) => ColumnFormats.ByClrType(column);

    /// <summary>
    /// How many digits after the point, or of a second, a column keeps where the database rounds others off; null where it keeps all or
    /// refuses. A date keeps none.
    /// </summary>
    public virtual int? DigitsOf(DbColumn column, ColumnFormat format) => format switch
    {
        ColumnFormat.Decimal or ColumnFormat.MySqlDecimal when column.NumericPrecision is not null =>
            column.NumericScale is null or (>= 0 and <= 1000) ? column.NumericScale ?? 0 : null,
        _ => null,
    };

    /// <summary>Judges a failure of the server.</summary>
    public abstract FaultKind KindOf(DbException failure);

    /// <summary>Where in the SQL text an error stands, 1-based; 0 when unknown.</summary>
    public virtual int PositionOf(DbException failure) => 0;

    /// <summary>Is there an index that begins with a column? Null when it can't be told.</summary>
    public virtual ValueTask<bool?> IsIndexedAsync(DbConnection connection, string table, string column, CancellationToken ct) =>
        ValueTask.FromResult<bool?>(null);

    protected virtual string UserKey => "User ID";

    protected virtual string PasswordKey => "Password";
}

/// <summary>How long a query may take and how many rows come per round trip.</summary>
/// <param name="FetchSize">Rows.</param>
/// <param name="TimeoutSeconds">Seconds without an answer; 0 waits for ever.</param>
internal readonly record struct QueryLimits(int FetchSize, int TimeoutSeconds);
