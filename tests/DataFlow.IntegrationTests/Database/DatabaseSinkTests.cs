using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>The database sink through the built command, on PostgreSQL and MariaDB.</summary>
public sealed class DatabaseSinkTests
{
    private const string Csv = "id,name,amount,day\n1,Ann,1.50,2024-01-01\n2,\"Ben, \"\"B\"\"\\\",,\n1,Ann again,2.50,2024-01-02\n3,Cid,abc,2024-01-03\n";

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task Rows_that_the_table_refuses_are_dead_letters_and_the_others_go_in(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        await database.ExecuteAsync("CREATE TABLE people (id int PRIMARY KEY, name varchar(100), amount decimal(10,2), day date)");
        using var folder = Folder(database, "table: people");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(["1|Ann|1.50", "2|Ben, \"B\"\\|<null>"], await database.RowsAsync("SELECT id, name, amount FROM people ORDER BY id"));
        var letters = await Cli.RunAsync(folder.Path, "dead-letters", "list", "load.yaml");
        Assert.Contains("unique-violation", letters.Out, StringComparison.Ordinal);
        Assert.Contains("abc", letters.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task Upserts_let_the_last_of_several_rows_with_one_key_stand(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        await database.ExecuteAsync("CREATE TABLE people (id int PRIMARY KEY, name varchar(100), amount decimal(10,2), day date, kept int DEFAULT 7)");
        await database.ExecuteAsync("INSERT INTO people VALUES (2, 'old', 9, NULL, 8)");
        using var folder = Folder(database, "table: people, write: upsert, key: id");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(
            ["1|Ann again|2.50|7", "2|Ben, \"B\"\\|<null>|8"], await database.RowsAsync("SELECT id, name, amount, kept FROM people ORDER BY id"));
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task A_missing_table_is_made_on_request(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        using var folder = Folder(database, "table: people, table-policy: create");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(["4"], await database.RowsAsync("SELECT count(*) FROM people"));
    }

    [Fact]
    public async Task A_missing_column_is_added_on_request_and_an_error_otherwise()
    {
        await using var database = await TestDatabase.CreateAsync("postgresql");
        await database.ExecuteAsync("CREATE TABLE people (id int, name text)");
        using var strict = Folder(database, "table: people");
        var refused = await Cli.RunAsync(strict.Path, "run", "load.yaml");
        Assert.Contains("The table people has no column for 'amount', 'day'; it has id, name.", refused.Error, StringComparison.Ordinal);
        using var folder = Folder(database, "table: people, table-policy: evolve");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml", "--fresh")).Succeeded();

        Assert.Equal(["3|abc|2024-01-03"], await database.RowsAsync("SELECT id, amount, day FROM people WHERE id = 3"));
    }

    [Fact]
    public async Task A_target_that_has_lost_commits_is_not_written_to()
    {
        await using var database = await TestDatabase.CreateAsync("postgresql");
        await database.ExecuteAsync("CREATE TABLE people (id int, name text, amount text, day text)");
        using var folder = Folder(database, "table: people");
        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();
        await database.ExecuteAsync("DELETE FROM dataflow_checkpoint");

        var again = await Cli.RunAsync(folder.Path, "run", "load.yaml");

        Assert.NotEqual(0, again.ExitCode);
        Assert.Contains("it is another database, or was restored from a backup", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task State_that_was_lost_is_taken_from_the_target()
    {
        await using var database = await TestDatabase.CreateAsync("postgresql");
        await database.ExecuteAsync("CREATE TABLE people (id int, name text, amount text, day text)");
        using var folder = Folder(database, "table: people");
        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();
        Directory.Delete(folder[".dataflow"], recursive: true);

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(["4"], await database.RowsAsync("SELECT count(*) FROM people"));
    }

    private static TemporaryFolder Folder(TestDatabase database, string options)
    {
        var folder = new TemporaryFolder();
        folder.Write("people.csv", Csv);
        folder.Write(
            "load.yaml",
            $$"""
            name: load
            source: { type: file, connection: people.csv, options: { format: csv } }
            sink:
              type: database
              connection: {{database.JdbcUrl}}
              options: { username: {{database.User}}, password: "{{database.Password}}", {{options}} }
            delivery: effectively-once
            """);
        return folder;
    }

    /// <summary>A database of either server.</summary>
    private sealed record TestDatabase(
        string JdbcUrl, string User, string Password, Func<string, Task> ExecuteAsync, Func<string, Task<IReadOnlyList<string>>> RowsAsync, Func<ValueTask> Drop)
        : IAsyncDisposable
    {
        public static async Task<TestDatabase> CreateAsync(string kind)
        {
            if (kind == "mysql")
            {
                var maria = await MariaDbServer.GetAsync();
                var one = await maria.CreateDatabaseAsync();
                return new TestDatabase(one.JdbcUrl, maria.User, MariaDbServer.Password, one.ExecuteAsync, one.RowsAsync, one.DisposeAsync);
            }

            var server = await PostgreSqlServer.GetAsync();
            var database = await server.CreateDatabaseAsync();
            return new TestDatabase(database.JdbcUrl, server.User, PostgreSqlServer.Password, database.ExecuteAsync, database.RowsAsync, database.DisposeAsync);
        }

        public ValueTask DisposeAsync() => Drop();
    }
}
