using System.Globalization;

namespace DataFlow.IntegrationTests.Database;

/// <summary>
/// How much memory the built command takes depends on no number of rows. With <c>DATAFLOW_SOAK=1</c> the many are ten million.
/// </summary>
public sealed class DatabaseMemoryTests
{
    private const int FewRows = 10_000;
    private const long Allowance = 100L << 20;

    private static readonly (int Rows, int Width) Many =
        Environment.GetEnvironmentVariable("DATAFLOW_SOAK") == "1" ? (10_000_000, 100) : (200_000, 1000);

    [Theory]
    [InlineData("full scan", "")]
    [InlineData("pages by key", "key: id")]
    [InlineData("incremental", "incremental-column: id, incremental-type: id")]
    public async Task Many_rows_take_no_more_memory_than_a_few(string mode, string options)
    {
        await using var database = await TestDatabase.CreateAsync("postgresql");
        var few = await PeakAsync(database, options, FewRows);
        var many = await PeakAsync(database, options, Many.Rows);

        TestContext.Current.TestOutputHelper?.WriteLine($"{mode}: {few >> 20} MiB for {FewRows:N0} rows, {many >> 20} MiB for {Many.Rows:N0}");
        Assert.True(many < few + Allowance, $"{mode}: {few >> 20} MiB for {FewRows} rows, {many >> 20} MiB for {Many.Rows}");
    }

    /// <summary>Rows from a table to a table; the peak of the process, in bytes.</summary>
    private static async Task<long> PeakAsync(TestDatabase database, string options, int rows)
    {
        var condition = options.Contains("incremental", StringComparison.Ordinal) ? "WHERE n > ?" : "";
        await database.ExecuteAsync("DROP TABLE IF EXISTS target; CREATE UNLOGGED TABLE target (id int, text text)");
        using var folder = new TemporaryFolder();
        folder.Write(
            "copy.yaml",
            $$"""
            name: copy-{{rows}}
            source:
              type: database
              connection: {{database.JdbcUrl}}
              options:
                { username: {{database.User}}, password: "{{database.Password}}", {{(options.Length > 0 ? options + "," : "")}}
                  query: "SELECT n AS id, repeat('x', {{Many.Width}}) AS text FROM generate_series(1, {{rows}}) n {{condition}}" }
            sink:
              type: database
              connection: {{database.JdbcUrl}}
              options: { username: {{database.User}}, password: "{{database.Password}}", table: target }
            delivery: effectively-once
            until: caught-up
            """);
        using var process = Cli.Start(folder.Path, ["run", "copy.yaml"]);
        var finish = Cli.FinishAsync(process);
        var peak = 0L;
        while (!finish.IsCompleted)
        {
            peak = Math.Max(peak, PeakOf(process.Id));
            await Task.WhenAny(finish, Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System));
        }

        (await finish).Succeeded();
        Assert.Equal([$"{rows}"], await database.RowsAsync("SELECT count(*) FROM target"));
        return peak;
    }

    /// <summary>The most that a process has held so far, as the system counts it; 0 when it has ended.</summary>
    private static long PeakOf(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line["VmHWM:".Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture) << 10;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
