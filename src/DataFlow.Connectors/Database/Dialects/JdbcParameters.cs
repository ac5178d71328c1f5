using System.Data.Common;
using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>Carries the parameters of a JDBC URL over into a connection string.</summary>
internal sealed class JdbcParameters(JdbcUrl url, DbConnectionStringBuilder builder, List<string> notes)
{
    private readonly HashSet<string> _taken = [];

    /// <summary>Copies a value under the provider's name.</summary>
    public JdbcParameters Copy(string parameter, string key) => Map(parameter, key, value => value);

    /// <summary>Copies a number of seconds.</summary>
    public JdbcParameters Seconds(string parameter, string key) => Map(parameter, key, value => Number(parameter, value));

    /// <summary>Copies a number of milliseconds as whole seconds, rounded up.</summary>
    public JdbcParameters Milliseconds(string parameter, string key) =>
        Map(parameter, key, value => (Number(parameter, value) + 999) / 1000);

    /// <summary>Copies a value in the provider's words; null leaves it out.</summary>
    public JdbcParameters Map(string parameter, string key, Func<string, object?> translate)
    {
        _taken.Add(parameter);
        if (url[parameter] is { } value && translate(value) is { } translated)
        {
            try
            {
                builder[key] = translated;
            }
            catch (Exception failure) when (failure is ArgumentException or FormatException or InvalidCastException or OverflowException)
            {
                throw ConnectorException.User(
                    $"The parameter {parameter} of the connection is '{value}', which can't be used: {failure.Message}", failure);
            }
        }

        return this;
    }

    /// <summary>Copies a yes or no.</summary>
    public JdbcParameters Flag(string parameter, string key, object yes, object? no) =>
        Map(parameter, key, value => IsTrue(value) ? yes : no);

    /// <summary>Parameters that have no counterpart and need none.</summary>
    public JdbcParameters Ignore(params ReadOnlySpan<string> parameters)
    {
        foreach (var parameter in parameters)
        {
            _taken.Add(parameter);
            if (url[parameter] is not null)
            {
                notes.Add($"The parameter {parameter} of the connection has no effect here.");
            }
        }

        return this;
    }

    /// <summary>Notes what nobody took.</summary>
    public void Rest()
    {
        foreach (var name in url.Parameters.Keys.Where(name => !_taken.Contains(name)))
        {
            notes.Add($"The parameter {name} of the connection is not known and has no effect.");
        }
    }

    /// <summary>Hosts as the provider wants them.</summary>
    public static string Hosts(JdbcUrl url, Func<JdbcHost, string> format) => string.Join(',', url.Hosts.Select(format));

    public static bool IsTrue(string value) => value.Equals("true", StringComparison.OrdinalIgnoreCase) || value is "1" or "";

    private static int Number(string parameter, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw ConnectorException.User($"The parameter {parameter} of the connection is '{value}'; it must be a whole number.");
}
