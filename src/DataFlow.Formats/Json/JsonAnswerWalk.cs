using System.Text;
using System.Text.Json;

namespace DataFlow.Formats;

/// <summary>
/// Walks over a JSON document in pieces, follows several paths at once, stops at each array of the first one, and keeps the
/// values at the others. Not thread-safe.
/// </summary>
internal sealed class JsonAnswerWalk
{
    private const int MostTopNames = 20;
    private const int MostValueBytes = 64 << 10;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = int.MaxValue };

    private readonly JsonPath[] _paths;
    private readonly string?[] _values;
    private readonly string?[] _kinds;
    private readonly List<string> _topNames = [];

    // Per level and path: how many steps of the path have led to the container, or -1. The value that comes next has its own row.
    private int[] _steps;
    private (bool IsArray, int Index)[] _levels = new (bool, int)[8];
    private int _depth;
    private JsonReaderState _state = new(Options);

    public JsonAnswerWalk(JsonPath[] paths)
    {
        _paths = paths;
        _values = new string?[paths.Length];
        _kinds = new string?[paths.Length];
        _steps = new int[8 * paths.Length];
    }

    /// <summary>What the first path led to; null for nothing so far. Once it was something else than an array, that.</summary>
    public string? Found => _kinds[0];

    /// <summary>The document has been read to its end.</summary>
    public bool IsComplete { get; private set; }

    public IReadOnlyList<string> TopNames => _topNames;

    public string? ValueOf(int path) => _values[path];

    public string? KindOf(int path) => _kinds[path];

    /// <summary>Starts over with another document.</summary>
    public void Begin()
    {
        Array.Clear(_values);
        Array.Clear(_kinds);
        _topNames.Clear();
        _depth = 0;
        _state = new JsonReaderState(Options);
        IsComplete = false;
    }

    /// <summary>Goes on over the next bytes.</summary>
    /// <param name="bytes">Start where the last call stopped; after it had stopped at an array, with that array's closing bracket.</param>
    /// <param name="used">Bytes that need not come again.</param>
    /// <returns>True when it stopped after the opening bracket of an array of the first path.</returns>
    /// <exception cref="JsonAnswerException">The document is no valid JSON.</exception>
    public bool Read(ReadOnlySpan<byte> bytes, out int used)
    {
        var reader = new Utf8JsonReader(bytes, isFinalBlock: false, _state);
        var stopped = false;
        try
        {
            while (!stopped && reader.Read())
            {
                stopped = Take(ref reader);
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // A name or value that is no valid UTF-8 is the second kind.
            var end = fault.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            throw new JsonAnswerException(end < 0 ? fault.Message : fault.Message[..end].TrimEnd('.'), isCut: false);
        }

        _state = reader.CurrentState;
        used = (int)reader.BytesConsumed;
        if (IsComplete)
        {
            used += bytes[used..].IndexOfAnyExcept(" \t\r\n"u8) is >= 0 and var rest ? rest : bytes.Length - used;
        }

        return stopped;
    }

    private bool Take(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                TakeName(ref reader);
                return false;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _depth--;
                IsComplete = _depth == 0;
                return false;
        }

        TakePlace();
        var isContainer = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        var isRecords = TakeValue(ref reader);
        if (isContainer)
        {
            Enter(reader.TokenType == JsonTokenType.StartArray);
        }

        IsComplete = _depth == 0;
        return isRecords;
    }

    private void TakeName(ref Utf8JsonReader reader)
    {
        if (_depth == 1 && _topNames.Count < MostTopNames)
        {
            _topNames.Add(reader.GetString()!);
        }

        var parent = StepsOf(_depth - 1);
        var next = StepsOf(_depth);
        for (var path = 0; path < _paths.Length; path++)
        {
            var steps = parent[path];
            next[path] = steps >= 0 && steps < _paths[path].Length && _paths[path].MatchesKey(steps, ref reader) ? steps + 1 : -1;
        }
    }

    /// <summary>How far the paths lead to the value that begins here: its name was taken before, its index counts now.</summary>
    private void TakePlace()
    {
        var next = StepsOf(_depth);
        if (_depth == 0)
        {
            next.Clear();
            return;
        }

        ref var level = ref _levels[_depth - 1];
        if (!level.IsArray)
        {
            return;
        }

        var parent = StepsOf(_depth - 1);
        for (var path = 0; path < _paths.Length; path++)
        {
            var steps = parent[path];
            next[path] = steps >= 0 && steps < _paths[path].Length && _paths[path].MatchesIndex(steps, level.Index) ? steps + 1 : -1;
        }

        level.Index++;
    }

    /// <returns>True when the value is an array of records.</returns>
    private bool TakeValue(ref Utf8JsonReader reader)
    {
        var steps = StepsOf(_depth);
        for (var path = 1; path < _paths.Length; path++)
        {
            if (steps[path] == _paths[path].Length && _kinds[path] is null)
            {
                _kinds[path] = KindOf(reader.TokenType);
                _values[path] = TextOf(ref reader);
            }
        }

        if (steps[0] != _paths[0].Length)
        {
            return false;
        }

        var isArray = reader.TokenType == JsonTokenType.StartArray;
        if (_kinds[0] is null or "an array")
        {
            _kinds[0] = KindOf(reader.TokenType);
        }

        return isArray;
    }

    private void Enter(bool isArray)
    {
        if (_depth == _levels.Length)
        {
            Array.Resize(ref _levels, _depth * 2);
        }

        _levels[_depth] = (isArray, 0);
        _depth++;
        if ((_depth + 1) * _paths.Length > _steps.Length)
        {
            Array.Resize(ref _steps, _steps.Length * 2);
        }
    }

    private Span<int> StepsOf(int depth) => _steps.AsSpan(depth * _paths.Length, _paths.Length);

    private static string? TextOf(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String when reader.ValueSpan.Length <= MostValueBytes => reader.GetString(),
        JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => Encoding.UTF8.GetString(reader.ValueSpan),
        _ => null,
    };

    private static string KindOf(JsonTokenType type) => type switch
    {
        JsonTokenType.StartArray => "an array",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "a boolean",
    };
}
