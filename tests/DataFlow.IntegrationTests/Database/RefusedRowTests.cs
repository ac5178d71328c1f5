namespace DataFlow.IntegrationTests.Database;

/// <summary>Rows that a table refuses, in one batch with rows that it takes: each for its own reason, on every database.</summary>
public sealed class RefusedRowTests
{
    private const string Rows =
        """
        {"id": 1, "name": "Ann", "amount": "5", "code": "a", "parent": 1}
        {"id": 2, "name": "Ben", "amount": "6", "code": "a", "parent": 1}
        {"id": 3, "name": null, "amount": "7", "code": "c", "parent": 1}
        {"id": 4, "name": "too long", "amount": "8", "code": "d", "parent": 1}
        {"id": 5, "name": "Eve", "amount": "x", "code": "e", "parent": 1}
        {"id": 6, "name": "Fay", "amount": "150", "code": "f", "parent": 1}
        {"id": 7, "name": "Gus", "amount": "9", "code": "g", "parent": 9}
        {"id": 8, "name": "Hal", "amount": "10", "code": "h", "parent": 1}
        {"id": 9, "name": "stop", "amount": "11", "code": "i", "parent": 1}
        {"id": 10, "name": "Ida", "amount": "12", "code": "j", "parent": null}

        """;

    private const string PostgreSqlTable =
        """
        CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1);
        CREATE TABLE people (
          id int PRIMARY KEY, name varchar(5) NOT NULL, amount int CHECK (amount < 100), code varchar(10) UNIQUE, parent int REFERENCES parents (id));
        CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN IF NEW.name = ''stop'' THEN RAISE EXCEPTION ''The trigger says no''; END IF; RETURN NEW; END';
        CREATE TRIGGER stop BEFORE INSERT OR UPDATE ON people FOR EACH ROW EXECUTE FUNCTION stop()
        """;

    private const string MariaDbTable =
        """
        CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1);
        CREATE TABLE people (
          id int PRIMARY KEY, name varchar(5) NOT NULL, amount int CHECK (amount < 100), code varchar(10) UNIQUE, parent int, FOREIGN KEY (parent) REFERENCES parents (id));
        CREATE TRIGGER stop BEFORE INSERT ON people FOR EACH ROW
          IF NEW.name = 'stop' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'The trigger says no'; END IF
        """;

    private const string SqliteTable =
        """
        CREATE TABLE parents (id INTEGER PRIMARY KEY); INSERT INTO parents VALUES (1);
        CREATE TABLE people (
          id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (length(name) <= 5), amount INTEGER CHECK (amount < 100), code TEXT UNIQUE, parent INTEGER REFERENCES parents (id)) STRICT;
        CREATE TRIGGER stop BEFORE INSERT ON people WHEN NEW.name = 'stop' BEGIN SELECT RAISE(ABORT, 'The trigger says no'); END
        """;

    [Theory]
    [InlineData("postgresql", "insert", "1 check-violation, 1 foreign-key-violation, 1 not-null-violation, 1 refused-by-database, 1 unique-violation, 2 value-does-not-fit")]
    [InlineData("mysql", "insert", "1 check-violation, 1 foreign-key-violation, 1 not-null-violation, 1 refused-by-database, 1 unique-violation, 2 value-does-not-fit")]
    [InlineData("mysql8", "insert", "1 check-violation, 1 foreign-key-violation, 1 not-null-violation, 1 refused-by-database, 1 unique-violation, 2 value-does-not-fit")]
    [InlineData("sqlite", "insert", "2 check-violation, 1 foreign-key-violation, 1 not-null-violation, 1 refused-by-database, 1 unique-violation, 1 value-does-not-fit")]
    [InlineData("postgresql", "upsert", "1 check-violation, 1 foreign-key-violation, 1 not-null-violation, 1 refused-by-database, 1 unique-violation, 2 value-does-not-fit")]
    [InlineData("sqlite", "upsert", "2 check-violation, 1 foreign-key-violation, 1 not-null-violation, 1 refused-by-database, 1 unique-violation, 1 value-does-not-fit")]
    public async Task Every_good_row_goes_in_once_and_every_bad_one_is_a_dead_letter_with_its_reason(string kind, string write, string reasons)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        await database.ExecuteAsync(kind switch { "mysql" or "mysql8" => MariaDbTable, "sqlite" => SqliteTable, _ => PostgreSqlTable });
        using var folder = Folder(database, $"write: {write}, key: id", Rows);

        var run = await Cli.RunAsync(folder.Path, "run", "load.yaml");

        run.Succeeded();
        Assert.Equal(
            ["1|Ann|5|a|1", "8|Hal|10|h|1", "10|Ida|12|j|<null>"],
            await database.RowsAsync("SELECT id, name, amount, code, parent FROM people ORDER BY id"));
        var letters = (await Cli.RunAsync(folder.Path, "dead-letters", "list", "load.yaml")).Out;
        Assert.Equal(Counts(reasons), Counts(letters.Split('(', ')')[1]));
        Assert.Equal(7, letters.Split("The table people refused the row: ").Length - 1);
        Assert.Contains("The trigger says no", letters, StringComparison.Ordinal);
        Assert.Contains("3 delivered", run.Out + run.Error, StringComparison.Ordinal);
        Assert.Contains("7 dead letters", run.Out + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_is_too_long_for_an_index_is_refused_alone()
    {
        await using var database = await TestDatabase.CreateAsync("postgresql");
        await database.ExecuteAsync("CREATE TABLE people (id int PRIMARY KEY, name text); CREATE INDEX ON people (name)");
        var random = new Random(1);
        var text = string.Concat(Enumerable.Range(0, 9000).Select(_ => (char)random.Next('0', 'z')).Where(char.IsAsciiLetterOrDigit));
        using var folder = Folder(database, "key: id", $"{{\"id\": 1, \"name\": \"a\"}}\n{{\"id\": 2, \"name\": \"{text}\"}}\n{{\"id\": 3, \"name\": \"c\"}}\n");

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(["1", "3"], await database.RowsAsync("SELECT id FROM people ORDER BY id"));
        Assert.Contains("index", (await Cli.RunAsync(folder.Path, "dead-letters", "list", "load.yaml")).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    [InlineData("sqlite")]
    public async Task A_record_without_a_key_is_no_row_and_not_the_same_as_the_next_one(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        await database.ExecuteAsync("CREATE TABLE people (id int, name varchar(10)); CREATE UNIQUE INDEX people_id ON people (id)");
        using var folder = Folder(
            database,
            "write: upsert, key: id",
            """
            {"id": null, "name": "a"}
            {"id": 1, "name": "b"}
            {"id": null, "name": "c"}
            {"name": "d"}
            {"id": 1, "name": "e"}

            """);

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(["1|e"], await database.RowsAsync("SELECT id, name FROM people"));
        var letters = (await Cli.RunAsync(folder.Path, "dead-letters", "list", "load.yaml")).Out;
        Assert.Contains("3 dead letters (3 key-missing)", letters, StringComparison.Ordinal);
        Assert.Contains("The record has no value for id (key), so that it can't be told which row of people it is.", letters, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Counts(string reasons) => reasons.Split(", ").Order();

    private static TemporaryFolder Folder(TestDatabase database, string options, string rows)
    {
        var folder = new TemporaryFolder();
        folder.Write("people.ndjson", rows);
        folder.Write(
            "load.yaml",
            $$"""
            name: load
            source: { type: file, connection: people.ndjson, options: { format: ndjson } }
            sink: { type: database, connection: "{{database.JdbcUrl}}", options: { {{database.Login}}, table: people, {{options}} } }
            delivery: effectively-once
            """);
        return folder;
    }
}
