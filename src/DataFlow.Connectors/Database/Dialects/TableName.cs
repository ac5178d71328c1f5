namespace DataFlow.Connectors;

/// <summary>Table names as users write them: <c>users</c>, <c>public.users</c>, <c>"Odd.Name"</c>.</summary>
internal static class TableName
{
    /// <summary>The parts of a name, without quotes.</summary>
    public static IReadOnlyList<string> Parts(string name)
    {
        var parts = new List<string>();
        var part = new System.Text.StringBuilder();
        var quoted = false;
        foreach (var c in name)
        {
            if (c is '"' or '`' || (c is '[' or ']' && quoted == (c == ']')))
            {
                quoted = !quoted;
            }
            else if (c == '.' && !quoted)
            {
                parts.Add(part.ToString());
                part.Clear();
            }
            else
            {
                part.Append(c);
            }
        }

        parts.Add(part.ToString());
        return parts;
    }
}
