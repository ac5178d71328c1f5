namespace DataFlow.IntegrationTests.Database;

/// <summary>What <c>dataflow explain</c> says that the promise of a database source rests on. It asks no database.</summary>
public sealed class ExplainTests
{
    private const string Transactions =
        "rows that are committed late are waited for by the open transactions. Where those can't be seen (on a standby, without the right PROCESS in MySQL), ";

    [Theory]
    [InlineData("jdbc:postgresql://db/app", "incremental-column: at, query: 'SELECT * FROM t WHERE at > ?'", Transactions + "rows that are committed later than others with a higher at are found for 30 s (safety-lag).")]
    [InlineData("jdbc:postgresql://db/app", "incremental-column: id, incremental-type: id, query: 'SELECT * FROM t WHERE id > ?'", Transactions + "rows that are committed later than others with a higher id are found for 30 s (safety-lag).")]
    [InlineData("jdbc:mysql://db/app", "incremental-column: at, safety-lag: 5m, query: 'SELECT * FROM t WHERE at > ?'", Transactions + "rows that are committed later than others with a higher at are found for 300 s (safety-lag).")]
    [InlineData("jdbc:sqlserver://db;databaseName=app", "incremental-column: at, query: 'SELECT * FROM t WHERE at > ?'", ": rows that are committed later than others with a higher at are found for 30 s (safety-lag).")]
    [InlineData("jdbc:sqlite:app.db", "incremental-column: at, query: 'SELECT * FROM t WHERE at > ?'", ": rows that are committed later than others with a higher at are found for 30 s (safety-lag).")]
    [InlineData("jdbc:sqlite:app.db", "incremental-column: id, incremental-type: id, query: 'SELECT * FROM t WHERE id > ?'", ": ids are given out in the order of the commits.")]
    [InlineData("jdbc:postgresql://db/app", "query: SELECT * FROM t", "every poll reads all rows anew; nothing of one that breaks off is kept. With the option key it goes on.")]
    [InlineData("jdbc:postgresql://db/app", "query: SELECT * FROM t, key: id", "every poll reads all rows anew; one that breaks off goes on behind the last key.")]
    [InlineData("jdbc:postgresql://db/app", "mode: cdc, tables: t", "reads the server's log; the slot moves only with what is delivered.")]
    public async Task It_says_by_what_late_commits_are_waited_for(string connection, string options, string said)
    {
        using var folder = new TemporaryFolder();
        folder.Write(
            "read.yaml",
            $$"""
            name: read
            source: { type: database, connection: "{{connection}}", options: { {{options}} } }
            sink: { type: "null" }
            """);

        var explained = await Cli.RunAsync(folder.Path, "explain", "read.yaml");

        explained.Succeeded();
        Assert.Contains(said, explained.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }
}
