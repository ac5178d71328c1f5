using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>The built command is killed while it moves rows from PostgreSQL to PostgreSQL.</summary>
public sealed class DatabaseCrashTests
{
    private const int Rows = 20_000;

    public static TheoryData<string> CrashPoints =>
    [
        CrashPoint.AfterSinkOpen, CrashPoint.AfterWrite, CrashPoint.BeforeSinkCommit, CrashPoint.AfterSinkCommit, CrashPoint.AfterStateCommit,
    ];

    [Theory]
    [MemberData(nameof(CrashPoints))]
    public async Task Dying_at_a_named_point_leaves_the_same_table(string point)
    {
        await using var database = await PrepareAsync();
        using var folder = Folder(database);
        foreach (var time in (int[])[1, 3])
        {
            var crashed = await Cli.RunAsync(folder.Path, ["run", "copy.yaml", "--until", "caught-up"], Environment($"{point}:{time}"));
            Assert.True(crashed.ExitCode == CliResult.Killed || (time > 1 && crashed.ExitCode == 0), $"{point}:{time} ended with {crashed.ExitCode}. {crashed.Error}");
        }

        (await Cli.RunAsync(folder.Path, ["run", "copy.yaml", "--until", "caught-up"], Environment())).Succeeded();

        await AssertSameAsync(database);
    }

    [Fact]
    public async Task Kills_at_random_leave_the_same_table()
    {
        await using var database = await PrepareAsync();
        using var folder = Folder(database);
        var random = new Random(4711);
        var kills = 0;
        for (var run = 0; run < 12; run++)
        {
            using var process = Cli.Start(folder.Path, ["run", "copy.yaml", "--until", "caught-up"], Environment());
            var finish = Cli.FinishAsync(process);
            var before = await CountAsync(database);

            // Half of the kills come at any time, half once rows move.
            while (run % 2 == 1 && !finish.IsCompleted && await CountAsync(database) == before)
            {
                await Task.WhenAny(finish, Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System));
            }

            await Task.WhenAny(finish, Task.Delay(TimeSpan.FromMilliseconds(random.Next(run % 2 == 1 ? 50 : 1500)), TimeProvider.System));
            process.Kill();
            var result = await finish;
            Assert.True(result.ExitCode is 0 or CliResult.Killed, result.Error);
            kills += result.ExitCode == CliResult.Killed ? 1 : 0;
            await database.ExecuteAsync($"INSERT INTO source SELECT n, now(), 'late ' || n, n FROM generate_series({Rows + (run * 500) + 1}, {Rows + ((run + 1) * 500)}) n");
        }

        Assert.True(kills > 3, $"Only {kills} runs were killed.");
        (await Cli.RunAsync(folder.Path, ["run", "copy.yaml", "--until", "caught-up"], Environment())).Succeeded();

        await AssertSameAsync(database);
    }

    private static Dictionary<string, string> Environment(string? crashAt = null)
    {
        var environment = new Dictionary<string, string> { ["DB_PASS"] = PostgreSqlServer.Password };
        if (crashAt is not null)
        {
            environment[CrashPoint.Variable] = crashAt;
        }

        return environment;
    }

    private static async Task<PostgreSqlDatabase> PrepareAsync()
    {
        var database = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();
        await database.ExecuteAsync(
            $"""
            CREATE TABLE source (id bigint PRIMARY KEY, updated_at timestamp NOT NULL, text text, amount numeric(12,2));
            CREATE INDEX ON source (updated_at);
            CREATE TABLE target (LIKE source);
            INSERT INTO source SELECT n, '2024-01-01'::timestamp + (n / 100) * interval '1 second', E'a\ttab, a \\ and\na line ' || n, n / 3.0 FROM generate_series(1, {Rows}) n
            """);
        return database;
    }

    private static TemporaryFolder Folder(PostgreSqlDatabase database)
    {
        var folder = new TemporaryFolder();
        folder.Write(
            "copy.yaml",
            $$"""
            name: copy
            source:
              type: database
              connection: {{database.JdbcUrl}}
              options:
                username: postgres
                password: ${env:DB_PASS}
                query: SELECT * FROM source WHERE updated_at > ?
                incremental-column: updated_at
                key: id
              batch-size: 200
            sink:
              type: database
              connection: {{database.JdbcUrl}}
              options: { username: postgres, password: "${env:DB_PASS}", table: target }
            delivery: effectively-once
            commit-interval: 20ms
            """);
        return folder;
    }

    private static async Task<long> CountAsync(PostgreSqlDatabase database) => long.Parse((await database.RowsAsync("SELECT count(*) FROM target"))[0]);

    private static async Task AssertSameAsync(PostgreSqlDatabase database) => Assert.Equal(
        await database.RowsAsync("SELECT count(*), sum(hashtext(source::text)::bigint) FROM source"),
        await database.RowsAsync("SELECT count(*), sum(hashtext(target::text)::bigint) FROM target"));
}
