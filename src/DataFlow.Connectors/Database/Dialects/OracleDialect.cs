using System.Data.Common;
using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>Oracle, through its provider from the plugin folder.</summary>
internal sealed class OracleDialect(string pluginFolder) : PluginDialect(pluginFolder, ProviderPackage)
{
    /// <summary>A JDBC URL to show.</summary>
    public const string Example = "jdbc:oracle:thin:@host:1521:sid";

    private const string ProviderPackage = "Oracle.ManagedDataAccess.Core";

    /// <summary>What <c>driver</c> may say.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["oracle.jdbc.OracleDriver", "oracle.jdbc.driver.OracleDriver", "oracle", ProviderPackage];

    public override string Name => "Oracle";

    public override IReadOnlyList<string> Vendors => ["oracle"];

    public override IReadOnlyList<string> DriverNames => Names;

    public override string UrlExample => Example;

    public override int FractionDigits => 7;

    public override string AddColumn => "ADD";

    public override string ClockQuery =>
        "SELECT (CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - DATE '1970-01-01') * 86400000 FROM DUAL";

    protected override string UserKey => "User Id";

    public override string Placeholder(int number) => $":{number}";

    public override string ParameterName(int number) => $"{number}";

    public override string First(string select, int rows) => $"{select} FETCH FIRST {rows} ROWS ONLY";

    /// <summary>The provider gives no SQLSTATE: the number stands at the beginning of the message.</summary>
    public override FaultKind KindOf(DbException failure) => failure.Message.Length > 8
        && failure.Message.StartsWith("ORA-", StringComparison.Ordinal)
        && int.TryParse(failure.Message.AsSpan(4, 5), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number switch
            {
                1017 or 1045 or 28000 or 28001 => FaultKind.Login,
                12505 or 12514 => FaultKind.NoDatabase,
                900 or 902 or 903 or 904 or 907 or 923 or 933 or 936 or 942 or 955 or 1031 => FaultKind.Query,
                1 or 1400 or 1407 or 1438 or 1722 or (>= 1830 and <= 1863) or 2290 or 2291 or 2292 or 12899 => FaultKind.Data,
                1013 => FaultKind.TimedOut,
                3113 or 3114 or 3135 or 12170 or 12541 or 12545 => FaultKind.Unreachable,
                _ => FaultKind.Passing,
            }
            : base.KindOf(failure);

    /// <summary><c>thin:user/password@host:1521:SID</c>, <c>@//host:1521/service</c>, <c>@(DESCRIPTION=...)</c>, <c>@tns</c>.</summary>
    public override DbConnectionStringBuilder Translate(JdbcUrl url, string baseDirectory, List<string> notes)
    {
        var builder = CreateBuilder();
        foreach (var (key, value) in Parts(url.Database))
        {
            builder[key] = value;
        }

        return builder;
    }

    /// <summary>The keys of a connection string that a URL means.</summary>
    /// <param name="rest">What follows <c>jdbc:oracle:</c>.</param>
    public static IReadOnlyDictionary<string, string> Parts(string rest)
    {
        var parts = new Dictionary<string, string>();
        var at = rest.IndexOf('@', StringComparison.Ordinal);
        if (!rest.StartsWith("thin:", StringComparison.OrdinalIgnoreCase) || at < 0)
        {
            throw ConnectorException.User($"jdbc:oracle:{SecretText.Of(rest)} is no URL of the thin driver; write {Example}.");
        }

        var login = rest["thin:".Length..at].Split('/', 2);
        if (login is [{ Length: > 0 } user, var password])
        {
            (parts["User Id"], parts["Password"]) = (user, password);
        }

        parts["Data Source"] = Place(rest[(at + 1)..]);
        return parts;
    }

    private static string Place(string place)
    {
        if (place.StartsWith('(') || place.StartsWith("//", StringComparison.Ordinal))
        {
            return place;
        }

        return place.Split(':') switch
        {
            [var host, var port, var sid] => $"(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST={host})(PORT={port}))(CONNECT_DATA=(SID={sid})))",
            [var host, var service] when service.Contains('/', StringComparison.Ordinal) => $"//{host}:{service}",
            _ => place,
        };
    }
}
