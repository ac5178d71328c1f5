namespace DataFlow.IntegrationTests.Database;

/// <summary>Changes of PostgreSQL tables that are carried over into tables of every kind of database.</summary>
public sealed class ChangeSinkTests : IAsyncLifetime
{
    private const int Large = 20_000;

    private TestDatabase _source = null!;
    private string _slot = "";

    public async ValueTask InitializeAsync()
    {
        _source = await TestDatabase.CreateAsync("postgresql");
        _slot = (await _source.RowsAsync("SELECT current_database()"))[0];
        await _source.ExecuteAsync("CREATE TABLE people (id int PRIMARY KEY, name text, big text); ALTER TABLE people ALTER big SET STORAGE EXTERNAL");
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    [InlineData("sqlite")]
    public async Task Rows_are_changed_renamed_and_removed_and_large_values_that_did_not_change_stay(string kind)
    {
        await using var target = await TargetAsync(kind);
        using var folder = Folder(target, "write: upsert");
        await _source.ExecuteAsync(
            $"INSERT INTO people SELECT n, 'row ' || n, CASE WHEN n < 4 THEN repeat(n::text, {Large}) END FROM generate_series(1, 6) n");
        await RunAsync(folder);
        await _source.ExecuteAsync(
            $"""
            UPDATE people SET name = 'changed' WHERE id = 1;
            UPDATE people SET name = 'first', id = 20 WHERE id = 2;
            UPDATE people SET big = repeat('z', {Large}) WHERE id = 3;
            UPDATE people SET name = NULL WHERE id = 3;
            BEGIN; DELETE FROM people WHERE id = 4; INSERT INTO people VALUES (4, 'again', NULL); COMMIT;
            BEGIN; INSERT INTO people VALUES (7, 'short life', repeat('7', {Large})); UPDATE people SET name = 'shorter' WHERE id = 7; DELETE FROM people WHERE id = 7; COMMIT;
            DELETE FROM people WHERE id IN (5, 6);
            BEGIN; INSERT INTO people VALUES (8, 'new', repeat('8', {Large})); UPDATE people SET name = 'newer' WHERE id = 8; COMMIT
            """);

        await RunAsync(folder);

        const string All = "SELECT id, name, big FROM people ORDER BY id";
        Assert.Equal(await _source.RowsAsync(All), await target.RowsAsync(All));
        Assert.Contains("no dead letters", (await Cli.RunAsync(folder.Path, "dead-letters", "list", "changes.yaml")).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    [InlineData("sqlite")]
    public async Task A_change_of_a_row_that_is_not_there_makes_no_half_of_a_row(string kind)
    {
        await using var target = await TargetAsync(kind);
        using var folder = Folder(target, "write: upsert");
        await _source.ExecuteAsync($"INSERT INTO people SELECT n, 'row ' || n, repeat(n::text, {Large}) FROM generate_series(1, 3) n");
        await RunAsync(folder);
        await target.ExecuteAsync("DELETE FROM people WHERE id = 2");
        await _source.ExecuteAsync("UPDATE people SET name = 'changed'; UPDATE people SET name = 'changed again' WHERE id <= 2");

        await RunAsync(folder);

        Assert.Equal(["1|changed again", "3|changed"], await target.RowsAsync($"SELECT id, name FROM people WHERE length(big) = {Large} ORDER BY id"));
        Assert.Equal(["2"], await target.RowsAsync("SELECT count(*) FROM people"));
        var letters = (await Cli.RunAsync(folder.Path, "dead-letters", "list", "changes.yaml")).Out;
        Assert.Contains("2 dead letters (2 row-not-there)", letters, StringComparison.Ordinal);
        Assert.Contains("people has no row with its key", letters, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_without_anything_but_key_and_large_value_is_renamed_too()
    {
        await using var target = await TargetAsync("postgresql");
        using var folder = Folder(target, "write: upsert");
        await _source.ExecuteAsync($"ALTER TABLE people DROP name; INSERT INTO people (id, big) VALUES (1, repeat('x', {Large}))");
        await RunAsync(folder);
        await _source.ExecuteAsync("UPDATE people SET id = id; UPDATE people SET id = 9");
        await RunAsync(folder);

        Assert.Equal(["9"], await target.RowsAsync($"SELECT id FROM people WHERE length(big) = {Large}"));
    }

    [Fact]
    public async Task A_removal_by_a_key_that_would_be_rounded_removes_no_other_row()
    {
        await using var target = await TargetAsync("postgresql");
        await _source.ExecuteAsync("ALTER TABLE people ALTER id TYPE numeric");
        await target.ExecuteAsync("ALTER TABLE people ALTER id TYPE numeric(10,1)");
        using var folder = Folder(target, "write: upsert");
        await _source.ExecuteAsync("INSERT INTO people VALUES (1.2, 'stays'), (1.24, 'never fitted')");
        await RunAsync(folder);
        await _source.ExecuteAsync("DELETE FROM people WHERE id = 1.24");

        await RunAsync(folder);

        Assert.Equal(["1.2|stays"], await target.RowsAsync("SELECT id, name FROM people"));
    }

    private static async Task<TestDatabase> TargetAsync(string kind)
    {
        var target = await TestDatabase.CreateAsync(kind);
        await target.ExecuteAsync($"CREATE TABLE people (id int PRIMARY KEY, name varchar(100), big {(kind == "mysql" ? "longtext" : "text")})");
        return target;
    }

    private async Task RunAsync(TemporaryFolder folder) => (await Cli.RunAsync(folder.Path, "run", "changes.yaml")).Succeeded();

    private TemporaryFolder Folder(TestDatabase target, string options)
    {
        var folder = new TemporaryFolder();
        folder.Write(
            "changes.yaml",
            $$"""
            name: changes
            source: { type: database, connection: "{{_source.JdbcUrl}}", options: { {{_source.Login}}, mode: cdc, tables: people, slot: {{_slot}} } }
            sink: { type: database, connection: "{{target.JdbcUrl}}", options: { {{target.Login}}, table: people, key: id, {{options}} } }
            delivery: effectively-once
            until: caught-up
            """);
        return folder;
    }
}
