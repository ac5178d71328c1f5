using DataFlow.Connectors;
using DataFlow.UnitTests.State;
using Microsoft.Data.Sqlite;
using MySqlConnector;

namespace DataFlow.UnitTests.Connectors.Database;

/// <summary>What connections of a confined pipeline keep from SQL and servers.</summary>
public sealed class ConfinedConnectionTests : IDisposable
{
    private static readonly DatabaseLogin Nobody = new("", "", "", "drivers");

    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("ATTACH DATABASE '{0}' AS other")]
    [InlineData("VACUUM INTO '{0}'")]
    public async Task Sqlite_opens_no_file_beside_its_own(string statement)
    {
        var other = Path.Combine(_folder.Path, "other.db");
        await using var open = await DatabaseAddress.Of("jdbc:sqlite:app.db", Nobody, _folder.Path, isConfined: true).OpenAsync(TestContext.Current.CancellationToken);

        var refused = await Assert.ThrowsAsync<SqliteException>(() => open.ExecuteAsync(string.Format(null, statement, other), TestContext.Current.CancellationToken));

        Assert.Contains("too many attached databases", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(other));
    }

    [Theory]
    [InlineData("ATTACH DATABASE '{0}' AS other")]
    [InlineData("VACUUM INTO '{0}'")]
    public async Task Without_confinement_sqlite_does_as_it_is_told(string statement)
    {
        await using var open = await DatabaseAddress.Of("jdbc:sqlite:free.db", Nobody, _folder.Path).OpenAsync(TestContext.Current.CancellationToken);

        await open.ExecuteAsync(string.Format(null, statement, Path.Combine(_folder.Path, "other.db")), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("Server=db;SslMode=VerifyCA", true, false)]
    [InlineData("Server=db;SslMode=VerifyFull", true, false)]
    [InlineData("Server=db;SslMode=Required", true, true)]
    [InlineData("Server=db;SslMode=VerifyCA", false, true)]
    public void A_confined_mysql_sink_loads_only_where_the_provider_hands_out_no_files(string connection, bool isConfined, bool mayLoad)
    {
        var address = DatabaseAddress.Of(connection, Nobody with { Driver = "mysql" }, "/", isConfined);

        Assert.Equal(mayLoad, new MySqlConnectionStringBuilder(address.Dialect.ForWriting(address).ConnectionString).AllowLoadLocalInfile);
    }
}
