using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>The parts of a JDBC URL, of every vendor alike. What they mean is the dialect's to say. Immutable.</summary>
/// <param name="Vendor">The word after <c>jdbc:</c>, in lower case: <c>postgresql</c>.</param>
/// <param name="Hosts">Hosts with their ports, or empty.</param>
/// <param name="Database">Database, path or what stands there.</param>
/// <param name="Parameters">Parameters by lower-case name; the last one counts.</param>
internal sealed record JdbcUrl(
    string Vendor, IReadOnlyList<JdbcHost> Hosts, string Database, IReadOnlyDictionary<string, string> Parameters)
{
    private const string Prefix = "jdbc:";

    /// <summary>True for a text that is meant to be a JDBC URL.</summary>
    public static bool Is(string connection) => connection.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Takes a URL apart.</summary>
    /// <exception cref="ConnectorException">It has another form.</exception>
    public static JdbcUrl Parse(string url)
    {
        var colon = url.IndexOf(':', Prefix.Length);
        if (colon < 0)
        {
            throw Malformed(url);
        }

        var vendor = url[Prefix.Length..colon].ToLowerInvariant();
        var rest = url[(colon + 1)..];
        return vendor switch
        {
            "sqlserver" => ParseSqlServer(url, rest),
            "sqlite" => ParseSqlite(rest),
            "oracle" => new JdbcUrl(vendor, [], rest, new Dictionary<string, string>()),
            _ => ParseServer(url, vendor, rest),
        };
    }

    /// <summary>The value of a parameter, or null.</summary>
    /// <param name="name">In lower case.</param>
    public string? this[string name] => Parameters.GetValueOrDefault(name);

    private static JdbcUrl ParseServer(string url, string vendor, string rest)
    {
        // jdbc:mysql:loadbalance://..., jdbc:mysql:replication://...
        var slashes = rest.IndexOf("//", StringComparison.Ordinal);
        if (slashes > 0 && rest[slashes - 1] == ':')
        {
            rest = rest[slashes..];
        }

        var (place, query) = Cut(rest, '?');
        if (!place.StartsWith("//", StringComparison.Ordinal))
        {
            return new JdbcUrl(vendor, [], Decode(place), ParseParameters(query, '&'));
        }

        var (authority, database) = Cut(place[2..], '/');
        var parameters = ParseParameters(query, '&');
        var at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            var (user, password) = Cut(authority[..at], ':');
            parameters.TryAdd("user", Decode(user));
            parameters.TryAdd("password", Decode(password));
            authority = authority[(at + 1)..];
        }

        var hosts = authority.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(host => ParseHost(url, host));
        return new JdbcUrl(vendor, [.. hosts], Decode(database), parameters);
    }

    /// <summary><c>//host\instance:1433;databaseName=d;password={a;b}</c>.</summary>
    private static JdbcUrl ParseSqlServer(string url, string rest)
    {
        if (!rest.StartsWith("//", StringComparison.Ordinal))
        {
            throw Malformed(url);
        }

        var (place, list) = Cut(rest[2..], ';');
        var parameters = ParseParameters(list, ';');
        return new JdbcUrl("sqlserver", place.Length == 0 ? [] : [ParseHost(url, place)], "", parameters);
    }

    private static JdbcUrl ParseSqlite(string rest)
    {
        var (path, query) = Cut(rest, '?');
        return new JdbcUrl(
            "sqlite", [], path.StartsWith("file:", StringComparison.Ordinal) ? path["file:".Length..] : path, ParseParameters(query, '&'));
    }

    private static Dictionary<string, string> ParseParameters(string list, char separator)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        while (list.Length > 0)
        {
            var (name, rest) = Cut(list, '=');
            string value;
            if (separator == ';' && rest.StartsWith('{'))
            {
                (value, list) = ReadBraces(rest);
            }
            else
            {
                (value, list) = Cut(rest, separator);
                value = separator == '&' ? Decode(value) : value;
            }

            if (name.Trim().Length > 0)
            {
                parameters[name.Trim().ToLowerInvariant()] = value;
            }
        }

        return parameters;
    }

    /// <summary>A value in braces may hold semicolons; a closing brace inside stands twice.</summary>
    private static (string Value, string After) ReadBraces(string text)
    {
        for (var at = 1; at < text.Length; at++)
        {
            if (text[at] != '}')
            {
                continue;
            }

            if (at + 1 < text.Length && text[at + 1] == '}')
            {
                at++;
                continue;
            }

            return (text[1..at].Replace("}}", "}", StringComparison.Ordinal), text[(at + 1)..].TrimStart(';'));
        }

        return (text[1..], "");
    }

    private static JdbcHost ParseHost(string url, string text)
    {
        // An IPv6 address stands in brackets.
        var end = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) + 1 : 0;
        var colon = text.IndexOf(':', Math.Max(end, 0));
        if (colon < 0)
        {
            return new JdbcHost(text, null);
        }

        return int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and < 65536
            ? new JdbcHost(text[..colon], port)
            : throw ConnectorException.User(
                $"In {SecretText.Of(url)} the port is '{text[(colon + 1)..]}'; it must be a number from 1 to 65535. "
                + "A password with special characters goes into the option password.");
    }

    private static (string Before, string After) Cut(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, "") : (text[..at], text[(at + 1)..]);
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text);

    private static ConnectorException Malformed(string url) => ConnectorException.User(
        $"The connection {SecretText.Of(url)} is no JDBC URL that is known here. Write jdbc:postgresql://host:5432/database, "
        + "jdbc:mysql://host:3306/database, jdbc:sqlserver://host:1433;databaseName=mydb, jdbc:oracle:thin:@host:1521:sid or "
        + "jdbc:sqlite:path.");
}

/// <summary>One host of a JDBC URL.</summary>
/// <param name="Name">Name or address.</param>
/// <param name="Port">Port, where one is given.</param>
internal readonly record struct JdbcHost(string Name, int? Port);
