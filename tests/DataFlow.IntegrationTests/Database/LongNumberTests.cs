using System.Globalization;
using DataFlow.Conformance;

namespace DataFlow.IntegrationTests.Database;

/// <summary>Numbers with more digits than any type of .NET as key and as cursor: a rounded one would be a bound that leaves rows out.</summary>
public sealed class LongNumberTests
{
    private const int Rows = 500;

    public static TheoryData<string, string, string> Numbers => new()
    {
        { "postgresql", "numeric(38,0)", "12345678901234567890123456789012340000" },
        { "postgresql", "numeric", "-12345678901234567890123456789012340000000000000000000000000" },
        { "postgresql", "numeric(38,30)", "0.123456789012345678901234560000" },
        { "mysql", "decimal(38,0)", "12345678901234567890123456789012340000" },
        { "mysql", "decimal(65,30)", "12345678901234567890123456789012345.123456789012345678901234560000" },
        { "mysql", "decimal(65,0)", "-99999999999999999999999999999999999999999999999999999999999990000" },
        { "mysql", "bigint unsigned", "18446744073709550000" },
    };

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task A_full_load_goes_on_behind_each_of_them(string kind, string type, string number)
    {
        await using var database = await FillAsync(kind, type, number);
        using var bench = new DatabaseBench(DatabaseBench.Of(database, ("query", "SELECT * FROM t"), ("key", "k")));
        for (var run = 1; run <= 3; run++)
        {
            Assert.NotNull((await bench.RunAsync(new FaultSchedule().At(FaultStep.SinkWrite, 2, Fault.Throw))).Error);
            Assert.Equal(run * 100, bench.Count);
        }

        await bench.ReadAsync();

        Assert.Equal(Enumerable.Range(1, Rows).Select(id => (long)id), bench.Records.Select(record => record.GetInt64("id")).Order());
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task What_is_new_is_found_behind_each_of_them(string kind, string type, string number)
    {
        await using var database = await FillAsync(kind, type, number);
        using var bench = new DatabaseBench(DatabaseBench.Of(
            database, ("query", "SELECT * FROM t WHERE k > ?"), ("incremental-column", "k"), ("incremental-type", "id"),
            ("start-id", number.StartsWith('-') ? $"{long.MinValue}" : "0")));
        if (number.StartsWith('-'))
        {
            // No start-id is that low: the query itself lets everything through.
            bench.Config = DatabaseBench.Of(
                database, ("query", "SELECT * FROM t WHERE k > ? OR 1 = 1"), ("incremental-column", "k"), ("incremental-type", "id"));
        }

        Assert.NotNull((await bench.RunAsync(new FaultSchedule().At(FaultStep.SinkWrite, 3, Fault.Throw))).Error);
        await bench.ReadAsync();
        Assert.Equal(Rows, bench.Count);

        // One beside the highest, and one that is like it.
        await database.ExecuteAsync($"INSERT INTO t VALUES ({Of(number, Rows)}, {Rows + 1}), ({Of(number, Rows + 1)}, {Rows + 2})");
        Assert.Equal([$"{Rows + 1}", $"{Rows + 2}"], (await bench.ReadAsync()).Select(record => record.Id));
        Assert.Empty(await bench.ReadAsync());

        Assert.Equal(Enumerable.Range(1, Rows + 2).Select(id => (long)id), bench.Records.Select(record => record.GetInt64("id")).Order());
        Assert.Equal(
            (await database.RowsAsync($"SELECT CAST(k AS {(kind == "mysql" ? "char" : "text")}) FROM t")).Order(), bench.Records.Select(record => record["k"]).Order());
    }

    private static async Task<TestDatabase> FillAsync(string kind, string type, string number)
    {
        var database = await TestDatabase.CreateAsync(kind);
        var rows = Enumerable.Range(1, Rows).Select(id => $"({Of(number, id)}, {id})");
        await database.ExecuteAsync($"CREATE TABLE t (k {type} NOT NULL, id int PRIMARY KEY); CREATE INDEX i ON t (k); INSERT INTO t VALUES {string.Join(", ", rows)}");
        return database;
    }

    /// <summary>In the order of the ids, also below zero; no hundredth row has a round number.</summary>
    private static string Of(string number, int id)
    {
        var last = number.StartsWith('-') ? 9999 - 77 - id : 77 + id;
        return number[..^4] + last.ToString("0000", CultureInfo.InvariantCulture);
    }
}
