namespace DataFlow.Connectors;

/// <summary>What in a SQL text is not SQL: how a database writes strings, names and comments. Immutable.</summary>
internal sealed record SqlSyntax
{
    public static SqlSyntax Standard { get; } = new();

    public static SqlSyntax PostgreSql { get; } = new() { DollarQuotes = true, EscapeStrings = true, NestedComments = true };

    public static SqlSyntax MySql { get; } = new() { Backticks = true, Backslashes = true, HashComments = true };

    public static SqlSyntax Sqlite { get; } = new() { Backticks = true, Brackets = true };

    public static SqlSyntax SqlServer { get; } = new() { Brackets = true, NestedComments = true };

    /// <summary><c>$tag$ ... $tag$</c> is a string.</summary>
    public bool DollarQuotes { get; init; }

    /// <summary>In <c>E'...'</c> a backslash escapes.</summary>
    public bool EscapeStrings { get; init; }

    /// <summary>In every string a backslash escapes.</summary>
    public bool Backslashes { get; init; }

    /// <summary>Names may stand in backticks.</summary>
    public bool Backticks { get; init; }

    /// <summary>Names may stand in square brackets.</summary>
    public bool Brackets { get; init; }

    /// <summary><c>#</c> begins a comment.</summary>
    public bool HashComments { get; init; }

    /// <summary>Comments in <c>/* */</c> may hold comments.</summary>
    public bool NestedComments { get; init; }
}
