using System.Buffers.Binary;
using System.Globalization;
using DataFlow.Conformance;
using DataFlow.Connectors;
using Npgsql;

namespace DataFlow.IntegrationTests.Database;

/// <summary>Rows by binary COPY, taken out of the driver's own buffer where they are whole.</summary>
public sealed class PostgreSqlCopyTests : IAsyncLifetime
{
    private PostgreSqlDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await (await PostgreSqlServer.GetAsync()).CreateDatabaseAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task What_this_driver_has_received_is_taken_without_a_read_per_row()
    {
        await using var connection = new NpgsqlConnection(_database.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var stream = await connection.BeginRawBinaryCopyAsync(
            "COPY (SELECT n FROM generate_series(1, 3) n) TO STDOUT (FORMAT BINARY)", TestContext.Current.CancellationToken);
        var received = PostgreSqlCopyBuffer.Of(connection, stream);
        var bytes = new byte[1024];
        const int header = 19;
        const int row = 10;

        var read = await stream.ReadAsync(bytes, TestContext.Current.CancellationToken);
        while (read < header + row)
        {
            read += await stream.ReadAsync(bytes.AsMemory(read), TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, received.Take(bytes.AsSpan(read, row - 1)));
        Assert.Equal(row, received.Take(bytes.AsSpan(read, row)));
        Assert.Equal(2, BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(read + row - 4)));
        Assert.Equal(row + 2, received.Take(bytes.AsSpan(read + row)));
        Assert.Equal(3, BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(read + row + row - 4)));
        Assert.Equal(0, received.Take(bytes));
        Assert.Equal(0, await stream.ReadAsync(bytes, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Notices_between_the_rows_and_rows_larger_than_any_buffer_leave_each_row_whole()
    {
        await _database.ExecuteAsync(
            """
            CREATE FUNCTION noisy(n int) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN
              IF n % 7 = 0 THEN RAISE WARNING 'row % is on its way', n; END IF;
              RETURN repeat(chr(97 + n % 26), CASE WHEN n % 997 = 0 THEN 300000 ELSE n % 60 END);
            END $$;
            """);
        using var bench = new DatabaseBench(await DatabaseBench.PostgreSqlAsync(
            _database, ("query", "SELECT n, noisy(n) AS text FROM generate_series(1, 20000) n")));

        var records = await bench.ReadAsync();

        Assert.Equal(20_000, records.Count);
        Assert.All(records, record =>
        {
            var number = int.Parse(record["n"]!, CultureInfo.InvariantCulture);
            Assert.Equal(new string((char)('a' + (number % 26)), number % 997 == 0 ? 300_000 : number % 60), record["text"]);
        });
        Assert.Equal(Enumerable.Range(1, 20_000).Sum(), records.Sum(record => int.Parse(record["n"]!, CultureInfo.InvariantCulture)));
    }
}
