using System.Collections.Frozen;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace DataFlow;

/// <summary>
/// The ordered field names of a batch, with their types. Immutable and shared between batches: encoders may cache by
/// reference. Thread-safe.
/// </summary>
public sealed class RecordSchema
{
    private readonly FrozenDictionary<string, int> _byName;
    private readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly byte[][] _utf8Names;
    private readonly byte[][] _jsonKeys;
    private readonly string[] _names;
    private readonly FieldType[] _types;

    /// <summary>A schema whose fields are all text.</summary>
    /// <param name="names">Field names in order. Names must differ from each other.</param>
    /// <exception cref="ArgumentException">Two names are equal.</exception>
    public RecordSchema(params IEnumerable<string> names)
        : this(names.Select(name => (name, FieldType.Text)))
    {
    }

    /// <summary>A schema with typed fields.</summary>
    /// <param name="fields">Names and types in order. Names must differ from each other.</param>
    /// <exception cref="ArgumentException">Two names are equal.</exception>
    public RecordSchema(IEnumerable<(string Name, FieldType Type)> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var list = fields.ToList();
        _names = [.. list.Select(field => field.Name)];
        _types = [.. list.Select(field => field.Type)];
        _utf8Names = [.. _names.Select(Encoding.UTF8.GetBytes)];
        _jsonKeys = [.. _names.Select(JsonKeyOf)];
        _byName = _names.Select((name, index) => KeyValuePair.Create(name, index)).ToFrozenDictionary(StringComparer.Ordinal);
        if (_byName.Count != _names.Length)
        {
            throw new ArgumentException("Field names must differ from each other.", nameof(fields));
        }

        _bySpan = _byName.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>A schema without fields.</summary>
    public static RecordSchema Empty { get; } = new(Array.Empty<string>());

    /// <summary>Number of fields.</summary>
    public int Count => _names.Length;

    /// <summary>Field names in order.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The name of a field as UTF-8.</summary>
    /// <param name="index">0-based.</param>
    public ReadOnlySpan<byte> Utf8Name(int index) => _utf8Names[index];

    /// <summary>The field's name as a JSON key with quotes, escapes and colon, ready to copy: <c>"name":</c>.</summary>
    /// <param name="index">0-based.</param>
    public ReadOnlySpan<byte> JsonKey(int index) => _jsonKeys[index];

    /// <summary>The type of a field.</summary>
    /// <param name="index">0-based.</param>
    public FieldType TypeOf(int index) => _types[index];

    /// <summary>The 0-based index of a field, or -1. Names are compared exactly.</summary>
    public int IndexOf(string name) => _byName.TryGetValue(name, out var index) ? index : -1;

    /// <summary>The 0-based index of a field by its UTF-8 name, or -1.</summary>
    public int IndexOf(ReadOnlySpan<byte> utf8Name)
    {
        Span<char> chars = utf8Name.Length <= 256 ? stackalloc char[utf8Name.Length] : new char[utf8Name.Length];
        var length = Encoding.UTF8.GetChars(utf8Name, chars);
        return _bySpan.TryGetValue(chars[..length], out var index) ? index : -1;
    }

    /// <summary>A schema with one more field at the end.</summary>
    public RecordSchema With(string name, FieldType type = FieldType.Text) =>
        new(_names.Select((existing, index) => (existing, _types[index])).Append((name, type)));

    private static byte[] JsonKeyOf(string name) =>
        Encoding.UTF8.GetBytes(string.Concat("\"", JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString(), "\":"));
}
