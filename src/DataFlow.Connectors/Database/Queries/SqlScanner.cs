namespace DataFlow.Connectors;

/// <summary>
/// Goes over a SQL text and stops at what matters: words and placeholders outside of strings, names in quotes and comments.
/// </summary>
internal ref struct SqlScanner(ReadOnlySpan<char> sql, SqlSyntax syntax)
{
    private readonly ReadOnlySpan<char> _sql = sql;
    private int _next;

    /// <summary>Where the current token starts.</summary>
    public int Start { get; private set; }

    /// <summary>Length of the current token.</summary>
    public readonly int Length => _next - Start;

    /// <summary>Open parentheses before the current token.</summary>
    public int Depth { get; private set; }

    /// <summary>The current token: a word, <c>?</c>, <c>??</c>, or another single character.</summary>
    public readonly ReadOnlySpan<char> Token => _sql[Start.._next];

    /// <summary>Goes to the next token; false at the end.</summary>
    public bool Read()
    {
        while (_next < _sql.Length)
        {
            Start = _next;
            if (TrySkip())
            {
                continue;
            }

            var c = _sql[_next];
            if (IsWord(c))
            {
                while (_next < _sql.Length && (IsWord(_sql[_next]) || _sql[_next] == '$'))
                {
                    _next++;
                }

                return true;
            }

            _next += c == '?' && At(_next + 1) == '?' ? 2 : 1;
            Depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            return true;
        }

        return false;
    }

    private readonly char At(int index) => index < _sql.Length ? _sql[index] : '\0';

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_';

    private bool TrySkip()
    {
        var c = _sql[_next];
        switch (c)
        {
            case '\'':
                SkipQuoted('\'', syntax.Backslashes);
                return true;
            case '"':
                SkipQuoted('"', syntax.Backslashes);
                return true;
            case '`' when syntax.Backticks:
                SkipQuoted('`', backslashes: false);
                return true;
            case '[' when syntax.Brackets:
                SkipQuoted(']', backslashes: false);
                return true;
            case 'E' or 'e' when syntax.EscapeStrings && At(_next + 1) == '\'' && !(_next > 0 && IsWord(_sql[_next - 1])):
                _next++;
                SkipQuoted('\'', backslashes: true);
                return true;
            case '#' when syntax.HashComments:
            case '-' when At(_next + 1) == '-':
                SkipTo("\n");
                return true;
            case '/' when At(_next + 1) == '*':
                SkipComment();
                return true;
            case '$' when syntax.DollarQuotes && TrySkipDollarQuote():
                return true;
            default:
                if (!char.IsWhiteSpace(c))
                {
                    return false;
                }

                _next++;
                return true;
        }
    }

    private void SkipQuoted(char end, bool backslashes)
    {
        for (_next++; _next < _sql.Length; _next++)
        {
            if (backslashes && _sql[_next] == '\\')
            {
                _next++;
            }
            else if (_sql[_next] == end)
            {
                _next++;
                if (At(_next) != end)
                {
                    return;
                }
            }
        }

        _next = _sql.Length;
    }

    private void SkipTo(ReadOnlySpan<char> end)
    {
        var at = _sql[_next..].IndexOf(end);
        _next = at < 0 ? _sql.Length : _next + at + end.Length;
    }

    private void SkipComment()
    {
        var open = 1;
        for (_next += 2; _next < _sql.Length && open > 0; _next++)
        {
            if (_sql[_next] == '*' && At(_next + 1) == '/')
            {
                open--;
                _next++;
            }
            else if (syntax.NestedComments && _sql[_next] == '/' && At(_next + 1) == '*')
            {
                open++;
                _next++;
            }
        }
    }

    private bool TrySkipDollarQuote()
    {
        var end = _sql[(_next + 1)..].IndexOf('$');
        if (end < 0 || char.IsAsciiDigit(At(_next + 1)) || _sql.Slice(_next + 1, end).ContainsAnyExcept(TagCharacters))
        {
            return false;
        }

        var tag = _sql.Slice(_next, end + 2);
        _next += tag.Length;
        SkipTo(tag);
        return true;
    }

    private static readonly System.Buffers.SearchValues<char> TagCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}
