namespace DataFlow;

/// <summary>The type of a column. Untyped sources (CSV, text) are <see cref="Text"/>; values always keep their exact text.</summary>
public enum FieldType : byte
{
    /// <summary>Text, or untyped: JSON sinks quote it unless the value itself is a JSON token.</summary>
    Text,

    /// <summary>64-bit integer; JSON sinks write it unquoted.</summary>
    Int64,

    /// <summary>Exact decimal; JSON sinks write it unquoted.</summary>
    Decimal,

    /// <summary>Binary floating point; JSON sinks write it unquoted.</summary>
    Double,

    /// <summary><c>true</c> or <c>false</c>; JSON sinks write it unquoted.</summary>
    Bool,

    /// <summary>Calendar date.</summary>
    Date,

    /// <summary>Time of day.</summary>
    Time,

    /// <summary>Date and time without a zone.</summary>
    Timestamp,

    /// <summary>Instant in time.</summary>
    TimestampTz,

    /// <summary>UUID.</summary>
    Uuid,

    /// <summary>A JSON document; JSON sinks embed it.</summary>
    Json,

    /// <summary>Bytes that are not text; JSON sinks write base64.</summary>
    Bytes,
}
