namespace DataFlow.IntegrationTests.Database;

/// <summary>Values that a database would round or cut without a word are refused, and those that only look long go in.</summary>
public sealed class RoundedValueTests
{
    public static TheoryData<string, string, string, string> Kept => new()
    {
        { "postgresql", "numeric(10,2)", "1.5000", "1.50" },
        { "postgresql", "numeric(10,2)", "15e-1", "1.50" },
        { "postgresql", "numeric(10,2)", "-1.0E3", "-1000.00" },
        { "postgresql", "numeric(10,2)", "0.0e-9", "0.00" },
        { "postgresql", "numeric(10,2)", "NaN", "NaN" },
        { "postgresql", "numeric", "0.12345678901234567890", "0.12345678901234567890" },
        { "postgresql", "timestamp(3)", "2024-01-01 10:00:00.123000", "2024-01-01 10:00:00.123" },
        { "postgresql", "timestamptz", "2024-01-01T10:00:00.1234560Z", "2024-01-01 10:00:00.123456+00" },
        { "postgresql", "time(0)", "10:00:00.0", "10:00:00" },
        { "postgresql", "date", "2024-01-01 00:00:00.0", "2024-01-01" },
        { "postgresql", "date", "0044-03-15 BC", "0044-03-15 BC" },
        { "postgresql", "date", "2024-01-01T00:00:00.000+02:00", "2024-01-01" },
        { "postgresql", "date", "2024-01-01T00:00:00Z", "2024-01-01" },
        { "postgresql", "date", "Mon Jan 01 00:00:00 2024", "2024-01-01" },
        { "postgresql", "timestamp(0)", "2024-01-01T10:00:00.000+02:00", "2024-01-01 10:00:00" },
        { "postgresql", "numeric(10,2)", "1e3", "1000.00" },
        { "mysql", "decimal(10,2)", "1.5000", "1.50" },
        { "mysql", "decimal(10,2)", "150e-2", "1.50" },
        { "mysql", "decimal(10,0)", "7.0", "7" },
        { "mysql", "int", "7.0", "7" },
        { "mysql", "int", "1e3", "1000" },
        { "mysql", "tinyint(1)", "true", "1" },
        { "mysql", "tinyint(1)", "5.0", "5" },
        { "mysql", "year", "2024", "2024" },
        { "mysql", "datetime", "2024-01-01T10:00:00", "2024-01-01 10:00:00" },
        { "mysql", "datetime", "2024-01-01 10:00:00.0", "2024-01-01 10:00:00" },
        { "mysql", "datetime(3)", "2024-01-01 10:00:00.123000", "2024-01-01 10:00:00.123" },
        { "mysql", "datetime(3)", "2024-01-01T10:00:00.123Z", "2024-01-01 10:00:00.123" },
        { "mysql", "timestamp", "2024-01-01T10:00:00Z", "2024-01-01 10:00:00" },
        { "mysql", "time", "-838:59:59.0", "-838:59:59" },
        { "mysql", "date", "2024-01-01 00:00:00.0", "2024-01-01" },
    };

    public static TheoryData<string, string, string> Lost => new()
    {
        { "postgresql", "numeric(10,2)", "1.239" },
        { "postgresql", "numeric(10,2)", "1e-3" },
        { "postgresql", "numeric(10,0)", "0.4" },
        { "postgresql", "timestamp(3)", "2024-01-01 10:00:00.1234" },
        { "postgresql", "timestamp", "2024-01-01 10:00:00.1234567" },
        { "postgresql", "timestamptz(0)", "2024-01-01 10:00:00.5+05:30" },
        { "postgresql", "time(0)", "10:00:00.5" },
        { "postgresql", "date", "2024-01-01 10:00:00" },
        { "postgresql", "date", "2024-1-1 10:00:00" },
        { "mysql", "date", "2024-1-1 10:00:00" },
        { "mysql", "tinyint(1)", "0.7" },
        { "mysql", "decimal(10,2)", "1.239" },
        { "mysql", "decimal(10,2)", "1.5e-2" },
        { "mysql", "int", "5.7" },
        { "mysql", "datetime", "2024-01-01 10:00:00.5" },
        { "mysql", "timestamp(3)", "2024-01-01 10:00:00.1234" },
        { "mysql", "time", "10:00:00.5" },
        { "mysql", "date", "2024-01-01 10:00:00" },
    };

    [Theory]
    [MemberData(nameof(Kept))]
    public async Task A_value_that_loses_nothing_is_written(string kind, string type, string value, string stored)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        var text = kind == "mysql" ? "CAST(v AS char)" : "v::text";

        await LoadAsync(database, type, value);

        Assert.Equal([$"1|{stored}", "2|<null>"], await database.RowsAsync($"SELECT id, {text} FROM target ORDER BY id"));
    }

    [Theory]
    [MemberData(nameof(Lost))]
    public async Task A_value_that_would_be_rounded_is_a_dead_letter_and_the_others_go_in(string kind, string type, string value)
    {
        await using var database = await TestDatabase.CreateAsync(kind);

        var letters = await LoadAsync(database, type, value);

        Assert.Equal(["2|<null>"], await database.RowsAsync("SELECT id, v FROM target"));
        Assert.Contains("1 dead letter (1 value-does-not-fit)", letters, StringComparison.Ordinal);
        Assert.Contains($"would round the value {value} of v", letters, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgresql", "timestamp(6)", "2024-01-01 10:00:00.123456789", "2024-01-01 10:00:00.123457")]
    [InlineData("mysql", "decimal(10,2)", "1.239", "1.24")]
    public async Task Rounding_that_was_allowed_is_the_databases_affair(string kind, string type, string value, string stored)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        var text = kind == "mysql" ? "CAST(v AS char)" : "v::text";

        var letters = await LoadAsync(database, type, value, ", on-rounding: allow");

        Assert.Equal([$"1|{stored}", "2|<null>"], await database.RowsAsync($"SELECT id, {text} FROM target ORDER BY id"));
        Assert.Contains("no dead letters", letters, StringComparison.Ordinal);
    }

    private static async Task<string> LoadAsync(TestDatabase database, string type, string value, string options = "")
    {
        await database.ExecuteAsync($"CREATE TABLE target (id int PRIMARY KEY, v {type})");
        using var folder = new TemporaryFolder();
        folder.Write("rows.csv", $"id,v\n1,{value}\n2,\n");
        folder.Write(
            "load.yaml",
            $$"""
            name: load
            source: { type: file, connection: rows.csv, options: { format: csv } }
            sink:
              type: database
              connection: {{database.JdbcUrl}}
              options: { username: {{database.User}}, password: "{{database.Password}}", table: target, write: upsert, key: id{{options}} }
            delivery: effectively-once
            """);
        (await Cli.RunAsync(folder.Path, "run", "load.yaml")).Succeeded();
        return (await Cli.RunAsync(folder.Path, "dead-letters", "list", "load.yaml")).Out;
    }
}
