namespace DataFlow.IntegrationTests.Database;

/// <summary>Tables of MySQL that don't do what one expects of a table.</summary>
public sealed class MySqlTargetTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateAsync("mysql");

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Theory]
    [InlineData("id int PRIMARY KEY, name varchar(100), UNIQUE by_name (name)", "id", "another unique index, by_name on name:")]
    [InlineData("id int PRIMARY KEY, name varchar(100), UNIQUE by_name (id, name)", "id", null)]
    [InlineData("id int PRIMARY KEY, name varchar(100), UNIQUE by_name (name(3))", "id", "another unique index, by_name on name(3):")]
    [InlineData("id int, name varchar(100), UNIQUE by_name (name(3))", "name", "has no unique index on name (key), so that every upsert would insert a row. Add one, on whole columns, or")]
    [InlineData("id int, name varchar(100) PRIMARY KEY, UNIQUE by_name (name(3))", "name", "another unique index, by_name on name(3):")]
    [InlineData("id int, name varchar(100), INDEX by_name (name)", "name", "has no unique index on name (key), so that every upsert would insert a row. Add one or")]
    [InlineData("id int PRIMARY KEY, name varchar(100), short varchar(3) AS (LEFT(name, 3)) STORED, UNIQUE by_name (short)", "id", "another unique index, by_name on short:")]
    [InlineData("id int PRIMARY KEY, name varchar(100), number int UNIQUE AUTO_INCREMENT", "id", null)]
    public async Task An_upsert_goes_only_into_a_table_in_which_it_can_meet_no_other_row(string columns, string key, string? refusal)
    {
        await _database.ExecuteAsync($"CREATE TABLE people ({columns})");
        using var folder = Folder($"write: upsert, key: {key}", "id,name\n1,Anna\n2,Anne\n1,Anna\n");

        var run = await Cli.RunAsync(folder.Path, "run", "load.yaml");

        if (refusal is null)
        {
            run.Succeeded();
            Assert.Equal(["1|Anna", "2|Anne"], await _database.RowsAsync("SELECT id, name FROM people ORDER BY id"));
        }
        else
        {
            Assert.NotEqual(0, run.ExitCode);
            Assert.Contains(refusal, run.Error, StringComparison.Ordinal);
            Assert.Empty(await _database.RowsAsync("SELECT * FROM people"));
        }
    }

    [Fact]
    public async Task An_upsert_into_a_view_is_refused_with_a_sentence_and_an_insert_is_not()
    {
        await _database.ExecuteAsync("CREATE TABLE persons (id int PRIMARY KEY, name varchar(100)); CREATE VIEW people AS SELECT * FROM persons");
        using var upsert = Folder("write: upsert, key: id", "id,name\n1,Ann\n");
        using var insert = Folder("write: insert", "id,name\n1,Ann\n");

        var refused = await Cli.RunAsync(upsert.Path, "run", "load.yaml");
        (await Cli.RunAsync(insert.Path, "run", "load.yaml", "--fresh")).Succeeded();

        Assert.Contains("people is a view, and MySQL doesn't say which unique indexes an upsert into it would meet. Name the table behind it", refused.Error, StringComparison.Ordinal);
        Assert.Equal(["1|Ann"], await _database.RowsAsync("SELECT * FROM persons"));
    }

    [Theory]
    [InlineData("CREATE TABLE people (id int PRIMARY KEY, name text) ENGINE=MyISAM", "The table people has the engine MyISAM")]
    [InlineData("CREATE TABLE people (id int PRIMARY KEY, name text); CREATE TABLE dataflow_checkpoint (pipeline varchar(255)) ENGINE=Aria", "The table dataflow_checkpoint has the engine Aria")]
    public async Task A_table_that_keeps_what_is_rolled_back_is_not_written_to(string tables, string said)
    {
        await _database.ExecuteAsync(tables);
        using var folder = Folder("write: insert", "id,name\n1,Ann\n1,Ben\n");

        var run = await Cli.RunAsync(folder.Path, "run", "load.yaml");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        Assert.Contains("ENGINE=InnoDB", run.Error, StringComparison.Ordinal);
        Assert.Empty(await _database.RowsAsync("SELECT * FROM people"));
    }

    [Theory]
    [InlineData("insert")]
    [InlineData("upsert")]
    public async Task A_zero_is_a_zero_also_where_the_table_counts_by_itself(string write)
    {
        await _database.ExecuteAsync("CREATE TABLE people (id int PRIMARY KEY AUTO_INCREMENT, name varchar(10)) AUTO_INCREMENT = 50");
        using var folder = Folder($"write: {write}, key: id", "id,name\n0,Ann\n7,Ben\n");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(["0|Ann", "7|Ben"], await _database.RowsAsync("SELECT id, name FROM people ORDER BY id"));
    }

    [Fact]
    public async Task A_column_that_no_record_has_and_no_default_fills_makes_dead_letters_and_no_endless_attempts()
    {
        await _database.ExecuteAsync("CREATE TABLE people (id int PRIMARY KEY, name varchar(10), town varchar(10) NOT NULL)");
        using var folder = Folder("write: insert", "id,name\n1,Ann\n");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Contains("1 not-null-violation", (await Cli.RunAsync(folder.Path, "dead-letters", "list", "load.yaml")).Out, StringComparison.Ordinal);
    }

    private TemporaryFolder Folder(string options, string csv)
    {
        var folder = new TemporaryFolder();
        folder.Write("people.csv", csv);
        folder.Write(
            "load.yaml",
            $$"""
            name: load
            source: { type: file, connection: people.csv }
            sink: { type: database, connection: "{{_database.JdbcUrl}}", options: { {{_database.Login}}, table: people, {{options}} } }
            delivery: effectively-once
            """);
        return folder;
    }
}
