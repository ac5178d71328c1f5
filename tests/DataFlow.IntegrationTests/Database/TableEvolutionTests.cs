using DataFlow.Conformance;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.IntegrationTests.Database;

/// <summary>Tables that are made and get columns while they are written to, by one pipeline and by several at once.</summary>
public sealed class TableEvolutionTests
{
    [Theory]
    [InlineData("postgresql", "insert")]
    [InlineData("postgresql", "upsert")]
    [InlineData("mysql", "insert")]
    [InlineData("mysql", "upsert")]
    [InlineData("sqlite", "insert")]
    [InlineData("sqlite", "upsert")]
    public async Task A_field_that_appears_in_the_middle_of_a_transaction_gets_its_column(string kind, string write)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        using var folder = new TemporaryFolder();
        await database.ExecuteAsync("CREATE TABLE people (id int PRIMARY KEY, name varchar(10))");
        folder.Write("in/a.csv", "id,name\n1,Ann\n2,Ben\n");
        folder.Write("in/b.csv", "id,name,town\n3,Cid,Rome\n4,Dan,Oslo\n");
        folder.Write("in/c.csv", "id,name,town,street\n5,Eve,Bern,Main\n");
        folder.Write("in/d.csv", "id,name\n6,Fay\n");
        folder.Write(
            "load.yaml",
            $$"""
            name: load
            source: { type: file, connection: "in/*.csv" }
            sink: { type: database, connection: "{{database.JdbcUrl}}", options: { {{database.Login}}, table: people, write: {{write}}, key: id, table-policy: evolve } }
            delivery: effectively-once
            commit-interval: 10m
            """);

        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();

        Assert.Equal(
            ["1|Ann|<null>|<null>", "2|Ben|<null>|<null>", "3|Cid|Rome|<null>", "4|Dan|Oslo|<null>", "5|Eve|Bern|Main", "6|Fay|<null>|<null>"],
            await database.RowsAsync("SELECT id, name, town, street FROM people ORDER BY id"));
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("mysql")]
    public async Task Pipelines_that_begin_at_the_same_moment_make_their_tables_together(string kind)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        var configured = ConfiguredSink.Of(
            BuiltInCatalogue.Instance,
            $"{{ type: database, connection: '{database.JdbcUrl}', options: {{ {database.Login}, table: numbers, table-policy: create }} }}");

        await Task.WhenAll(Enumerable.Range(1, 8).Select(number => Task.Run(() => WriteAsync(configured.Create(), number))));

        Assert.Equal(Enumerable.Range(1, 8).Select(number => $"{number}"), await database.RowsAsync("SELECT n FROM numbers ORDER BY n"));
    }

    private static async Task WriteAsync(ISink sink, int number)
    {
        var pool = new BatchPool();
        await using (sink)
        {
            var context = new SinkContext
            {
                PipelineId = $"pipeline-{number}",
                Generation = 1,
                Epoch = 1,
                State = null,
                StartsOver = true,
                Time = TimeProvider.System,
                Pool = pool,
                Logger = NullLogger.Instance,
            };
            await sink.OpenAsync(context, default);
            var batch = SinkRows.Of(pool, number);
            Assert.Empty((await sink.WriteAsync(batch, default)).Refused ?? []);
            batch.Release();
            await sink.CommitAsync(Checkpoint.None with { Epoch = 1, Generation = 1, Sequence = 1 }, default);
        }
    }
}
