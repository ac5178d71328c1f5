namespace DataFlow.Formats;

/// <summary>
/// Finds the end of a value that is too long to be kept, over any number of buffers: counts brackets and minds strings, and
/// checks nothing else.
/// </summary>
/// <param name="first">The value's first byte.</param>
internal struct JsonDocumentSkip(byte first)
{
    private readonly bool _isScalar = first is not ((byte)'"' or (byte)'{' or (byte)'[');
    private int _depth;
    private bool _isInString;
    private bool _isEscaped;

    /// <summary>Goes on over the next bytes of the value.</summary>
    /// <returns>Where the value ends, or -1 when it goes on after these bytes.</returns>
    public int EndIn(ReadOnlySpan<byte> bytes)
    {
        if (_isScalar)
        {
            return bytes.IndexOfAny("\"{}[], \t\r\n"u8);
        }

        for (var at = 0; at < bytes.Length; at++)
        {
            var stop = _isEscaped ? 0
                : _isInString ? bytes[at..].IndexOfAny((byte)'"', (byte)'\\')
                : bytes[at..].IndexOfAny("\"{}[]"u8);
            if (stop < 0)
            {
                return -1;
            }

            at += stop;
            if (Closes(bytes[at]))
            {
                return at + 1;
            }
        }

        return -1;
    }

    private bool Closes(byte value)
    {
        if (_isInString)
        {
            _isInString = _isEscaped || value != (byte)'"';
            _isEscaped = !_isEscaped && value == (byte)'\\';
            return !_isInString && _depth == 0;
        }

        _isInString = value == (byte)'"';
        _depth += value switch
        {
            (byte)'{' or (byte)'[' => 1,
            (byte)'}' or (byte)']' => -1,
            _ => 0,
        };
        return !_isInString && _depth == 0;
    }
}
