using System.Data.Common;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>What is waited for where the source may not, or can't, see the transactions of others.</summary>
public sealed class LateCommitRightsTests
{
    private const string Lag = "Rows that are committed late are waited for by a safety lag of 30 s.";
    private const string Transactions = "Rows that are committed late are waited for by the open transactions.";

    // Neither a name of a user nor one of a database is a right.
    [Theory]
    [InlineData("GRANT SELECT ON `{0}`.* TO `{1}`@`%`", Lag)]
    [InlineData("GRANT ALL PRIVILEGES ON `{0}`.* TO `{1}`@`%`", Lag)]
    [InlineData("GRANT SELECT ON `{0}`.* TO `{1}`@`%`; GRANT PROCESS ON *.* TO `{1}`@`%`", Transactions)]
    [InlineData("GRANT ALL PRIVILEGES ON *.* TO `{1}`@`%`", Transactions)]
    public async Task A_user_of_MariaDB_who_may_not_see_others_reads_with_a_lag_and_misses_nothing_within_it(string grant, string said)
    {
        var server = await MariaDbServer.GetAsync();
        await using var database = await server.CreateDatabaseAsync();
        var user = $"PROCESS_{database.Name[..12]}";
        await database.ExecuteAsync(
            "CREATE TABLE events (id bigint PRIMARY KEY AUTO_INCREMENT, created_at datetime(2) NOT NULL DEFAULT current_timestamp(2), text varchar(100))");
        await server.ExecuteAsync($"CREATE USER `{user}`@`%` IDENTIFIED BY '{MariaDbServer.Password}'; " + string.Format(grant, database.Name, user));
        try
        {
            using var bench = new DatabaseBench(DatabaseBench.Of(
                database.JdbcUrl, user, MariaDbServer.Password, ("query", "SELECT id, created_at, text FROM events WHERE created_at > ?"), ("incremental-column", "created_at"), ("key", "id")));
            await using var late = await database.OpenAsync();
            await using var transaction = await BeginLateAsync(late);
            await database.ExecuteAsync("INSERT INTO events (text) VALUES ('early')");

            Assert.Equal(["early"], Texts(await bench.ReadAsync()));
            Assert.Empty(await bench.ReadAsync());
            await database.ExecuteAsync("INSERT INTO events (text) VALUES ('next')");
            Assert.Equal(["next"], Texts(await bench.ReadAsync()));
            await transaction.CommitAsync();

            Assert.Equal(["late"], Texts(await bench.ReadAsync()));
            Assert.Empty(await bench.ReadAsync());
            Assert.Contains(said, string.Join('\n', bench.Log), StringComparison.Ordinal);
        }
        finally
        {
            await server.ExecuteAsync($"DROP USER `{user}`@`%`");
        }
    }

    [Fact]
    public async Task On_a_standby_of_PostgreSQL_a_lag_is_waited_for_and_nothing_within_it_is_missed()
    {
        using var primary = await PostgreSqlServer.StartOwnAsync();
        using var standby = await primary.StartStandbyAsync();
        await using var database = await primary.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE TABLE events (id bigserial PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), text text)");
        await using var late = await database.OpenAsync();
        await using var transaction = await BeginLateAsync(late);
        await database.ExecuteAsync("INSERT INTO events (text) VALUES ('early')");
        using var bench = new DatabaseBench(DatabaseBench.Of(
            database.JdbcUrl.Replace($":{primary.Port}/", $":{standby.Port}/", StringComparison.Ordinal),
            standby.User,
            PostgreSqlServer.Password,
            ("query", "SELECT id, created_at, text FROM events WHERE created_at > ?"),
            ("incremental-column", "created_at"),
            ("key", "id")));

        await standby.CatchUpAsync(primary);
        Assert.Equal(["early"], Texts(await bench.ReadAsync()));
        await database.ExecuteAsync("INSERT INTO events (text) VALUES ('next')");
        await standby.CatchUpAsync(primary);
        Assert.Equal(["next"], Texts(await bench.ReadAsync()));
        await transaction.CommitAsync();
        await standby.CatchUpAsync(primary);

        Assert.Equal(["late"], Texts(await bench.ReadAsync()));
        Assert.Empty(await bench.ReadAsync());
        Assert.Contains(Lag, string.Join('\n', bench.Log), StringComparison.Ordinal);
    }

    private static async Task<DbTransaction> BeginLateAsync(DbConnection connection)
    {
        var transaction = await connection.BeginTransactionAsync();
        await using var insert = connection.CreateCommand();
        (insert.Transaction, insert.CommandText) = (transaction, "INSERT INTO events (text) VALUES ('late')");
        await insert.ExecuteNonQueryAsync();
        return transaction;
    }

    private static IEnumerable<string> Texts(IEnumerable<DataRecord> records) => records.Select(record => record["text"]!);
}
