using System.Data.Common;

namespace DataFlow.Connectors;

/// <summary>Any other database with an ADO.NET provider in the plugin folder: standard SQL, and no more than the provider tells.</summary>
internal class PluginDialect(string pluginFolder, string package) : Dialect
{
    private readonly Lazy<DbProviderFactory> _factory = new(() => PluginProvider.Load(pluginFolder, package));

    public override string Name => package;

    public override string Package => package;

    public override IReadOnlyList<string> Vendors => [];

    public override IReadOnlyList<string> DriverNames => [package];

    public override string UrlExample => "an ADO.NET connection string of the provider";

    public override string ClockQuery => "SELECT CURRENT_TIMESTAMP";

    protected override DbProviderFactory Factory => _factory.Value;

    public override DbConnectionStringBuilder Translate(JdbcUrl url, string baseDirectory, List<string> notes) =>
        throw ConnectorException.User($"The provider {package} takes an ADO.NET connection string, not a JDBC URL.");

    public override FaultKind KindOf(DbException failure) => failure.IsTransient ? FaultKind.Passing : failure.SqlState switch
    {
        null or "" => FaultKind.Untold,
        ['2', '8', ..] => FaultKind.Login,
        ['2', '2' or '3', ..] => FaultKind.Data,
        ['4', '2', ..] => FaultKind.Query,
        ['0', '8', ..] => FaultKind.Unreachable,
        _ => FaultKind.Passing,
    };
}
