namespace DataFlow.Connectors;

/// <summary>The user's query, cut at its placeholders. Immutable.</summary>
/// <param name="Segments">The text around the placeholders: one more than there are placeholders.</param>
/// <param name="Limit">LIMIT, TOP, OFFSET or FETCH of the query as a whole, with its line; null without one.</param>
/// <param name="OrderStart">Where the ORDER BY of the query as a whole stands in the last segment; -1 without one.</param>
internal sealed record QueryTemplate(IReadOnlyList<string> Segments, string? Limit, int OrderStart)
{
    /// <summary>Number of placeholders.</summary>
    public int Placeholders => Segments.Count - 1;

    /// <summary>Reads a query. <c>??</c> stands for a question mark that is no placeholder, as JDBC has it.</summary>
    public static QueryTemplate Parse(string query, SqlSyntax syntax)
    {
        var segments = new List<string>();
        var segment = new System.Text.StringBuilder();
        var copied = 0;
        string? limit = null;
        var order = -1;
        var scanner = new SqlScanner(query, syntax);
        var isFirstWord = true;
        while (scanner.Read())
        {
            var token = scanner.Token;
            if (token is "?" or "??")
            {
                segment.Append(query, copied, scanner.Start - copied);
                copied = scanner.Start + scanner.Length;
                if (token is "??")
                {
                    segment.Append('?');
                }
                else
                {
                    segments.Add(segment.ToString());
                    segment.Clear();
                }
            }
            else if (token is ";" && scanner.Depth == 0)
            {
                segment.Append(query, copied, scanner.Start - copied);
                copied = query.Length;
                CheckEnd(ref scanner);
                break;
            }
            else if (scanner.Depth == 0)
            {
                if (token.Equals("ORDER", StringComparison.OrdinalIgnoreCase))
                {
                    order = segment.Length + scanner.Start - copied;
                }
                else if (!isFirstWord && limit is null && IsLimit(token))
                {
                    limit = $"{token.ToString().ToUpperInvariant()} (line {query.AsSpan(0, scanner.Start).Count('\n') + 1})";
                }
            }

            isFirstWord = false;
        }

        segment.Append(query, copied, query.Length - copied);
        segments.Add(segment.ToString());
        return new QueryTemplate(segments, limit, order);
    }

    /// <summary>The same query without its own ORDER BY, for databases that don't take one in a derived table.</summary>
    public QueryTemplate WithoutOrder() => OrderStart < 0
        ? this
        : this with { Segments = [.. Segments.Take(Segments.Count - 1), Segments[^1][..OrderStart]], OrderStart = -1 };

    private static bool IsLimit(ReadOnlySpan<char> token) =>
        token.Equals("LIMIT", StringComparison.OrdinalIgnoreCase)
        || token.Equals("TOP", StringComparison.OrdinalIgnoreCase)
        || token.Equals("OFFSET", StringComparison.OrdinalIgnoreCase)
        || token.Equals("FETCH", StringComparison.OrdinalIgnoreCase);

    private static void CheckEnd(ref SqlScanner scanner)
    {
        if (scanner.Read())
        {
            throw ConnectorException.User(
                $"The query goes on after a semicolon, with '{scanner.Token}'. It must be one SELECT; remove the rest.");
        }
    }
}
