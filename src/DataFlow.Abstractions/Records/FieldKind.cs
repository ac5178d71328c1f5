namespace DataFlow;

/// <summary>How the bytes of a field are to be read. Fits in four bits of a <see cref="FieldRef"/>.</summary>
public enum FieldKind : byte
{
    /// <summary>Plain UTF-8 text: the bytes are the value.</summary>
    Text = 0,

    /// <summary>The inside of a quoted CSV field that still has its quotes doubled.</summary>
    CsvDoubled = 1,

    /// <summary>The inside of a JSON string without escapes.</summary>
    JsonString = 2,

    /// <summary>The inside of a JSON string with at least one backslash escape.</summary>
    JsonStringEscaped = 3,

    /// <summary>A JSON number, boolean, object or array: the exact token.</summary>
    JsonRaw = 4,

    /// <summary>Bytes that are not text.</summary>
    Bytes = 5,

    /// <summary>A real null. Reads as an empty text in the string view; sinks write null.</summary>
    Null = 6,

    /// <summary>The record has no such field. Never written.</summary>
    Absent = 7,

    /// <summary>The value was not sent because it did not change (change data capture).</summary>
    Unchanged = 8,
}
