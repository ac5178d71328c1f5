using System.IO.Hashing;

namespace DataFlow.Connectors;

/// <summary>
/// Collects, while a file is read, what is needed to recognise it: its first bytes and the last ones before the position.
/// Both are of the text, so that a log that was compressed after its rotation is still the same log.
/// </summary>
internal sealed class FileEvidence
{
    /// <summary>So much of the start is kept. Two files that agree in all of it and at the position are one.</summary>
    public const int HeadLength = 1024;

    private const int AnchorLength = 256;

    private readonly byte[] _anchor = new byte[AnchorLength];
    private readonly XxHash3 _headHash = new();
    private int _headLength;
    private int _anchorLength;

    public Fingerprint Head => new(_headLength, _headHash.GetCurrentHashAsUInt64());

    public Fingerprint Anchor => Fingerprint.Of(_anchor.AsSpan(0, _anchorLength));

    /// <summary>The last byte so far, or null at the start of the file.</summary>
    public byte? LastByte => _anchorLength > 0 ? _anchor[_anchorLength - 1] : null;

    /// <summary>Takes the bytes that were read next.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_headLength < HeadLength)
        {
            var more = bytes[..Math.Min(bytes.Length, HeadLength - _headLength)];
            _headHash.Append(more);
            _headLength += more.Length;
        }

        if (bytes.Length >= AnchorLength)
        {
            bytes[^AnchorLength..].CopyTo(_anchor);
            _anchorLength = AnchorLength;
            return;
        }

        var kept = Math.Min(_anchorLength, AnchorLength - bytes.Length);
        _anchor.AsSpan(_anchorLength - kept, kept).CopyTo(_anchor);
        bytes.CopyTo(_anchor.AsSpan(kept));
        _anchorLength = kept + bytes.Length;
    }

    /// <summary>
    /// Moves to a stored position if the file has the same bytes at its start and before that position.
    /// </summary>
    /// <param name="bytes">At the start of the file. Anywhere afterwards, when the answer is null.</param>
    /// <param name="position">Where to go on.</param>
    /// <param name="stop">Gives up; the answer is null then.</param>
    /// <returns>The evidence so far, or null when the file is another one.</returns>
    /// <exception cref="InvalidDataException">Compressed data is damaged before the position.</exception>
    public static FileEvidence? MoveTo(FileBytes bytes, FilePosition position, CancellationToken stop)
    {
        var evidence = new FileEvidence();
        var head = ReadUpTo(bytes, position.Head.Length);
        if (!position.Head.Matches(head))
        {
            return null;
        }

        evidence.Add(head);
        var anchorStart = position.Bytes - position.Anchor.Length;
        if (anchorStart < head.Length)
        {
            // The anchor begins inside what was read: read the rest of it.
            evidence.Add(ReadUpTo(bytes, (int)(position.Bytes - head.Length)));
        }
        else
        {
            bytes.SkipTo(anchorStart, stop);
            evidence._anchorLength = 0;
            evidence.Add(ReadUpTo(bytes, position.Anchor.Length));
        }

        return bytes.Offset == position.Bytes && evidence.Anchor == position.Anchor ? evidence : null;
    }

    /// <summary>True when a file starts with the bytes that were read at the start of a known one.</summary>
    public static bool HasHead(FileBytes bytes, FilePosition known)
    {
        try
        {
            return known.Head.Matches(ReadUpTo(bytes, known.Head.Length));
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static byte[] ReadUpTo(FileBytes bytes, int length)
    {
        var read = new byte[length];
        var filled = 0;
        while (filled < length && bytes.Read(read.AsSpan(filled), isFinal: true) is > 0 and var more)
        {
            filled += more;
        }

        return read[..filled];
    }
}
