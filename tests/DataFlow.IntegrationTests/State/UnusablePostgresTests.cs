using DataFlow.Conformance;
using DataFlow.Engine.State;
using Npgsql;

namespace DataFlow.IntegrationTests.State;

/// <summary>Databases that the state store can't use, and what it says about them.</summary>
public sealed class UnusablePostgresTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        await using var database = await NewDatabaseAsync();

        var error = await RefusedAsync(database, address => address.Password = "guessed-S3cret");

        Assert.StartsWith($"The PostgreSQL database '{database.Name}' on 127.0.0.1:", error.Message);
        Assert.Contains("refused the login: password authentication failed for user \"postgres\" [28P01]. Check user name and password", error.Message);
        Assert.DoesNotContain("guessed", error.ToString());
    }

    [Fact]
    public async Task A_missing_password_is_named()
    {
        await using var database = await NewDatabaseAsync();

        var error = await RefusedAsync(database, address => address.Password = null);

        Assert.Contains("No password has been provided", error.Message);
    }

    [Fact]
    public async Task A_database_that_does_not_exist_is_named()
    {
        await using var database = await NewDatabaseAsync();

        var error = await RefusedAsync(database, address => address.Database = "nowhere");

        Assert.Contains("can't be opened: database \"nowhere\" does not exist [3D000]. Create the database", error.Message);
    }

    [Fact]
    public async Task A_user_who_may_not_create_the_schema_is_told_what_to_grant()
    {
        await using var database = await NewDatabaseAsync();
        var user = await NewUserAsync(database);

        var error = await RefusedAsync(database, address => address.Username = user);

        Assert.Contains("refused a statement: permission denied for database", error.Message);
        Assert.Contains("GRANT CREATE ON DATABASE", error.Message);
        await DropUserAsync(database, user);
    }

    [Fact]
    public async Task A_user_who_may_create_the_schema_needs_no_other_right()
    {
        await using var database = await NewDatabaseAsync();
        var user = await NewUserAsync(database);
        await database.ExecuteAsync($"grant create on database {database.Name} to {user}");

        await using (var store = await OpenAsync(database, address => address.Username = user))
        {
            await store.OpenRunAsync("users", "a", Ct);
        }

        await DropUserAsync(database, user);
    }

    [Fact]
    public async Task A_user_without_rights_on_the_tables_is_refused()
    {
        await using var database = await NewDatabaseAsync();
        await (await OpenAsync(database, _ => { })).DisposeAsync();
        var user = await NewUserAsync(database);

        var error = await RefusedAsync(database, address => address.Username = user);

        Assert.Contains("permission denied for schema dataflow [42501]", error.Message);
        await DropUserAsync(database, user);
    }

    [Fact]
    public async Task Tables_of_a_newer_version_are_refused()
    {
        await using var database = await NewDatabaseAsync();
        await (await OpenAsync(database, _ => { })).DisposeAsync();
        await database.ExecuteAsync("insert into dataflow.schema_version values (99, now())");

        var error = await RefusedAsync(database, _ => { });

        Assert.EndsWith(
            $"can't be used: its tables were written by a newer DataFlow (schema 99; this one knows up to {PostgresSchema.Version}). " +
            "Use that version, or another database.",
            error.Message);
    }

    [Fact]
    public async Task A_database_that_can_not_hold_all_texts_is_refused()
    {
        await using var database = await NewDatabaseAsync();
        await database.ExecuteAsync($"create database {database.Name}_latin encoding 'LATIN1' template template0 locale 'C'");

        var error = await RefusedAsync(database, address => address.Database = $"{database.Name}_latin");

        Assert.EndsWith("its encoding is LATIN1, which can't hold all texts. Create one with ENCODING 'UTF8'.", error.Message);
        await database.ExecuteAsync($"drop database {database.Name}_latin with (force)");
    }

    [Fact]
    public async Task Tables_that_are_gone_are_a_fault_that_says_how_to_get_them_back()
    {
        await using var database = await NewDatabaseAsync();
        await using var store = await OpenAsync(database, _ => { });
        await database.ExecuteAsync("drop schema dataflow cascade");

        var error = await Assert.ThrowsAsync<ConnectorException>(async () => await store.OpenRunAsync("users", "a", Ct));

        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.Contains("Restore the schema 'dataflow' from a copy.", error.Message);
    }

    [Fact]
    public async Task A_standby_that_can_not_be_written_is_a_passing_fault()
    {
        await using var database = await NewDatabaseAsync();
        await (await OpenAsync(database, _ => { })).DisposeAsync();
        await database.ExecuteAsync($"alter database {database.Name} set default_transaction_read_only = on");
        await using var store = await OpenAsync(database, _ => { });

        var error = await Assert.ThrowsAsync<ConnectorException>(async () => await store.OpenRunAsync("users", "a", Ct));

        Assert.Equal(FaultOwner.External, error.Owner);
        Assert.Contains("if it is a standby, name the primary", error.Message);
    }

    [Theory]
    [InlineData("postgresql://ann:S3cret@db/x")]
    [InlineData("Host=db;Prot=5432;Password=S3cret")]
    [InlineData("Host=db;Port=many;Password=S3cret")]
    [InlineData("Host=db;S3cret")]
    public async Task A_connection_string_that_can_not_be_read_is_refused_and_not_repeated(string connectionString)
    {
        var error = await Assert.ThrowsAsync<ConnectorException>(
            async () => await PostgresStateStore.OpenAsync(connectionString, TimeProvider.System, Ct));

        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.StartsWith("The connection string of the PostgreSQL state store can't be read. It is written as 'Host=", error.Message);
        Assert.DoesNotContain("S3cret", error.ToString());
    }

    [Fact]
    public async Task Nodes_that_start_at_once_on_an_empty_database_all_find_the_tables()
    {
        await using var database = await NewDatabaseAsync();

        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OpenAsync(database, _ => { })));

        var epochs = await Task.WhenAll(stores.Select(async store => (await store.OpenRunAsync("users", "a", Ct)).Checkpoint.Epoch));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], epochs.Order());
        Assert.Equal(
            Enumerable.Range(1, PostgresSchema.Version).Select(version => $"{version}"),
            await database.RowsAsync("select version from dataflow.schema_version order by version"));
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_closed_store_says_so()
    {
        await using var database = await NewDatabaseAsync();
        var store = await OpenAsync(database, _ => { });
        var run = await store.OpenRunAsync("users", "a", Ct);
        await store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.OpenRunAsync("users", "a", Ct));
        await Assert.ThrowsAsync<ObjectDisposedException>(
            async () => await store.CommitAsync("users", new StateCommit { Checkpoint = run.Checkpoint with { Sequence = 1 } }, Ct));
    }

    private static async Task<PostgreSqlDatabase> NewDatabaseAsync() => await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();

    private static async Task<string> NewUserAsync(PostgreSqlDatabase database)
    {
        var user = $"u{Guid.NewGuid():N}";
        await database.ExecuteAsync($"create user {user} password '{PostgreSqlServer.Password}'");
        return user;
    }

    private static Task DropUserAsync(PostgreSqlDatabase database, string user) =>
        database.ExecuteAsync($"drop owned by {user} cascade; drop user {user}");

    private static async Task<PostgresStateStore> OpenAsync(PostgreSqlDatabase database, Action<NpgsqlConnectionStringBuilder> change)
    {
        var address = new NpgsqlConnectionStringBuilder(database.PooledConnectionString);
        change(address);
        return await PostgresStateStore.OpenAsync(address.ConnectionString, TimeProvider.System, Ct);
    }

    private static async Task<ConnectorException> RefusedAsync(PostgreSqlDatabase database, Action<NpgsqlConnectionStringBuilder> change)
    {
        var error = await Assert.ThrowsAsync<ConnectorException>(async () => await OpenAsync(database, change));
        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
        return error;
    }
}
