using System.Globalization;
using DataFlow.Conformance;

namespace DataFlow.UnitTests.Connectors.Database;

/// <summary>A sink through a provider from the plugin folder, which tells neither kind nor number of an error in a way that we know.</summary>
public sealed class PluginSinkTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly BatchPool _pool = new();

    public PluginSinkTests() => SqlitePlugin.CopyTo(_folder["drivers"]);

    private string Path => _folder["shop.db"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Refused_rows_are_returned_and_the_others_go_in_batch_by_batch_of_one_transaction()
    {
        Sqlite.Execute(Path, "CREATE TABLE numbers (n INTEGER PRIMARY KEY CHECK (n < 100), text TEXT)");
        await using (var open = await OpenAsync())
        {
            await open.WriteAsync(1, 2, 3);
            var batch = SinkRows.Of(_pool, 4, 2, 5, 200, 6, 7);
            var result = await open.WriteAsync(batch);
            batch.Release();
            Assert.Equal([1, 3], result.Refused!.Select(row => row.Row));
            Assert.All(result.Refused!, row => Assert.StartsWith("The table numbers refused the row: ", row.Message, StringComparison.Ordinal));
            await open.WriteAsync(8);
            Assert.Empty(Rows());
            await open.CommitAsync();
            await open.WriteAsync(9);
        }

        Assert.Equal(["1", "2", "3", "4", "5", "6", "7", "8"], Rows());
        Assert.Equal(0, _pool.Lent);
    }

    [Fact]
    public async Task A_batch_of_which_nothing_goes_in_is_an_error_that_may_pass_and_no_heap_of_dead_letters()
    {
        Sqlite.Execute(Path, "CREATE TABLE numbers (n INTEGER PRIMARY KEY, text TEXT); CREATE TRIGGER ill BEFORE INSERT ON numbers BEGIN SELECT RAISE(ABORT, 'The database is ill'); END");
        await using var open = await OpenAsync();
        var batch = SinkRows.Of(_pool, 1, 2, 3);

        var failure = await Assert.ThrowsAsync<ConnectorException>(() => open.WriteAsync(batch));

        batch.Release();
        Assert.Equal(FaultOwner.External, failure.Owner);
        Assert.Contains("The database is ill", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Rows());
    }

    [Fact]
    public async Task A_run_that_goes_on_finds_the_checkpoint_of_the_last_one()
    {
        Sqlite.Execute(Path, "CREATE TABLE numbers (n INTEGER PRIMARY KEY, text TEXT)");
        SinkState state;
        await using (var open = await OpenAsync())
        {
            await open.WriteAsync(1);
            await open.CommitAsync(new Dictionary<string, SplitPosition> { ["a"] = new(7, "{}") });
            state = open.State;
        }

        await using var again = await OpenSink.OpenAsync(Sink(), state with { Epoch = state.Epoch + 1 }, _pool, new CollectedLog());

        Assert.Equal(7, again.Held!.Splits["a"].Offset);
        Assert.Equal(["1"], Rows());
    }

    private IReadOnlyList<string> Rows() => Sqlite.Rows(Path, "SELECT n FROM numbers ORDER BY n");

    private Task<OpenSink> OpenAsync() => OpenSink.OpenAsync(Sink(), null, _pool, new CollectedLog());

    private ISink Sink() => ConfiguredSink.Of(
        BuiltInCatalogue.Instance,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{{ type: database, connection: 'Data Source={Path};Pooling=False', options: {{ driver: {SqlitePlugin.Name}, drivers-folder: '{_folder["drivers"]}', table: numbers }} }}")).Create();
}
