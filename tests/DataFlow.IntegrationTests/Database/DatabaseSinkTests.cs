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

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task Values_come_back_as_they_were(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        await database.ExecuteAsync(
            "CREATE TABLE people (id int PRIMARY KEY, name text, amount decimal(38,10), ratio double precision, ok boolean, day date)");
        using var folder = Folder(database, "table: people");
        folder.Write(
            "people.csv",
            "id,name,amount,ratio,ok,day\n"
            + "1,\"tab\tand\nline and \\ and \\N\",1234567890123456789012345678.0123456789,1e300,true,9999-12-31\n"
            + "2,,-0.0000000001,-0.0,false,\n"
            + "3,äöü🙂,,0.1,,0001-01-01\n");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(
            ["1|tab\tand\nline and \\ and \\N", "2|", "3|äöü🙂"], await database.RowsAsync("SELECT id, name FROM people ORDER BY id"));
        const string Unchanged =
            "SELECT id FROM people WHERE "
            + "(id = 1 AND amount = 1234567890123456789012345678.0123456789 AND ratio = 1e300 AND ok AND day = '9999-12-31') "
            + "OR (id = 2 AND amount = -0.0000000001 AND ratio = 0 AND NOT ok AND day IS NULL) "
            + "OR (id = 3 AND amount IS NULL AND ratio = 0.1e0 AND ok IS NULL AND day = '0001-01-01') ORDER BY id";
        Assert.Equal(["1", "2", "3"], await database.RowsAsync(Unchanged));
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task A_refused_row_of_a_database_is_delivered_once_the_table_takes_it(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        var bytes = kind == "mysql" ? "blob" : "bytea";
        await database.ExecuteAsync(
            $"CREATE TABLE source (id int PRIMARY KEY, name text, amount decimal(38,10), ratio double precision, ok boolean, raw {bytes}, nothing text)");
        await database.ExecuteAsync($"CREATE TABLE target (id int PRIMARY KEY, name varchar(3), amount decimal(38,10), ratio double precision, ok boolean, raw {bytes}, nothing text)");
        await database.ExecuteAsync(
            $"INSERT INTO source VALUES (1, 'a\tb, \"c\" \\\\N', 1234567890123456789012345678.5, 1e300, true, {(kind == "mysql" ? "x'00ff'" : "'\\x00ff'")}, NULL), (2, 'ok', 1, 0.1, false, NULL, '')");
        using var folder = new TemporaryFolder();
        folder.Write(
            "copy.yaml",
            $$"""
            name: copy
            source:
              type: database
              connection: {{database.JdbcUrl}}
              options: { username: {{database.User}}, password: "{{database.Password}}", query: SELECT * FROM source, key: id }
            sink:
              type: database
              connection: {{database.JdbcUrl}}
              options: { username: {{database.User}}, password: "{{database.Password}}", table: target }
            delivery: effectively-once
            until: caught-up
            """);
        (await Cli.RunAsync(folder.Path, "run", "copy.yaml")).Succeeded();
        Assert.Equal(["2"], await database.RowsAsync("SELECT id FROM target"));
        var change = kind == "mysql" ? "MODIFY name text" : "ALTER name TYPE text";
        await database.ExecuteAsync($"ALTER TABLE target {change}");

        var replay = await Cli.RunAsync(folder.Path, "dead-letters", "replay", "copy.yaml");

        Assert.Contains("1 delivered", replay.Out, StringComparison.Ordinal);
        const string Same =
            "SELECT count(*) FROM source s JOIN target t ON s.id = t.id AND s.name = t.name AND s.amount = t.amount AND s.ratio = t.ratio AND s.ok = t.ok "
            + "WHERE (s.raw = t.raw OR (s.raw IS NULL AND t.raw IS NULL)) AND (s.nothing = t.nothing OR (s.nothing IS NULL AND t.nothing IS NULL))";
        Assert.Equal(["2"], await database.RowsAsync(Same));
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
    public async Task A_target_that_was_restored_from_a_backup_gets_again_what_it_has_lost()
    {
        await using var database = await TestDatabase.CreateAsync("postgresql");
        await database.ExecuteAsync("CREATE TABLE people (id int, name text, amount text, day text)");
        using var folder = Folder(database, "table: people");
        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();
        await database.ExecuteAsync(
            """
            CREATE TABLE kept AS TABLE people; CREATE TABLE kept_head AS TABLE dataflow_checkpoint;
            CREATE TABLE kept_split AS TABLE dataflow_checkpoint_split
            """);
        await File.AppendAllTextAsync(folder["people.csv"], "4,Dan,4,2024-01-04\n");
        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();
        await database.ExecuteAsync(
            """
            TRUNCATE people, dataflow_checkpoint, dataflow_checkpoint_split; INSERT INTO people TABLE kept;
            INSERT INTO dataflow_checkpoint TABLE kept_head; INSERT INTO dataflow_checkpoint_split TABLE kept_split
            """);
        await File.AppendAllTextAsync(folder["people.csv"], "5,Eve,5,2024-01-05\n");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(["1", "1", "2", "3", "4", "5"], await database.RowsAsync("SELECT id FROM people ORDER BY id"));
    }

    [Fact]
    public async Task An_older_copy_of_the_state_does_not_keep_the_pipeline_from_its_target()
    {
        await using var database = await TestDatabase.CreateAsync("postgresql");
        await database.ExecuteAsync("CREATE TABLE people (id int, name text, amount text, day text)");
        using var folder = Folder(database, "table: people");
        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();
        await database.ExecuteAsync("UPDATE dataflow_checkpoint SET epoch = epoch + 10");
        await File.AppendAllTextAsync(folder["people.csv"], "4,Dan,4,2024-01-04\n");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(["5"], await database.RowsAsync("SELECT count(*) FROM people"));
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
}
