using System.Text;

namespace DataFlow.Transforms;

/// <summary>A LIKE pattern: <c>%</c> stands for any text, <c>_</c> for one character. Upper and lower case differ. Immutable.</summary>
internal sealed class LikePattern
{
    private const short AnyText = -1;
    private const short AnyCharacter = -2;

    private readonly short[] _tokens;
    private readonly byte[]? _literal;
    private readonly bool _openStart;
    private readonly bool _openEnd;

    private LikePattern(short[] tokens)
    {
        _tokens = tokens;
        _openStart = tokens.Length > 0 && tokens[0] == AnyText;
        _openEnd = tokens.Length > 1 && tokens[^1] == AnyText;
        var inner = tokens.AsSpan((_openStart ? 1 : 0)..^(_openEnd ? 1 : 0));
        if (!inner.ContainsAny(AnyText, AnyCharacter))
        {
            _literal = Array.ConvertAll(inner.ToArray(), token => (byte)token);
        }
    }

    /// <summary>Reads a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="escape">The character that takes a following %, _ or itself literally, or null.</param>
    /// <exception cref="FormatException">The escape character is followed by something else, or by nothing.</exception>
    public static LikePattern Parse(string pattern, Rune? escape)
    {
        var tokens = new List<short>();
        Span<byte> bytes = stackalloc byte[4];
        var literal = false;
        foreach (var rune in pattern.EnumerateRunes())
        {
            var isWildcard = rune.Value is '%' or '_';
            if (literal && !isWildcard && rune != escape)
            {
                break;
            }

            if (!literal && rune == escape)
            {
                literal = true;
                continue;
            }

            if (isWildcard && !literal)
            {
                tokens.Add(rune.Value == '%' ? AnyText : AnyCharacter);
            }
            else
            {
                foreach (var unit in bytes[..rune.EncodeToUtf8(bytes)])
                {
                    tokens.Add(unit);
                }
            }

            literal = false;
        }

        return literal
            ? throw new FormatException($"the escape character '{escape}' must be followed by %, _ or itself")
            : new LikePattern([.. tokens]);
    }

    /// <summary>True when the whole text matches.</summary>
    public bool Matches(ReadOnlySpan<byte> text) => _literal is null
        ? MatchesTokens(text)
        : (_openStart, _openEnd) switch
        {
            (false, false) => text.SequenceEqual(_literal),
            (false, true) => text.StartsWith(_literal),
            (true, false) => text.EndsWith(_literal),
            _ => text.IndexOf(_literal) >= 0,
        };

    private static int CharacterLength(byte lead) => lead switch
    {
        < 0xC0 => 1,
        < 0xE0 => 2,
        < 0xF0 => 3,
        _ => 4,
    };

    private bool MatchesTokens(ReadOnlySpan<byte> text)
    {
        int at = 0, token = 0, lastAny = -1, anyEnd = 0;
        while (at < text.Length)
        {
            var wanted = token < _tokens.Length ? _tokens[token] : short.MaxValue;
            if (wanted == AnyText)
            {
                lastAny = token++;
                anyEnd = at;
            }
            else if (wanted == AnyCharacter)
            {
                token++;
                at += CharacterLength(text[at]);
            }
            else if (wanted == text[at])
            {
                token++;
                at++;
            }
            else if (lastAny >= 0)
            {
                // Nothing fits here: the last % takes one character more.
                token = lastAny + 1;
                anyEnd += CharacterLength(text[anyEnd]);
                at = anyEnd;
            }
            else
            {
                return false;
            }
        }

        return !_tokens.AsSpan(token).ContainsAnyExcept(AnyText);
    }
}

/// <summary>Whether a value matches a pattern.</summary>
internal sealed class IsLike(int slot, LikePattern pattern) : Condition
{
    public override Truth Evaluate(RowReader rows, int row) =>
        !rows.TryRead(slot, row, out var value) ? Truth.Unknown
        : pattern.Matches(value) ? Truth.True
        : Truth.False;
}
