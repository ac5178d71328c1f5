using System.Text.Json;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>How far a file has been taken.</summary>
internal enum FileStatus
{
    Reading,
    Done,

    /// <summary>Given up in a watched folder: damaged. Read again when the file changes.</summary>
    Failed,
}

/// <summary>Where reading has got to in one file, with the evidence that makes the file recognisable under another name.</summary>
internal sealed class FilePosition : Position
{
    private const int Version = 1;

    /// <summary>Where the file was when it was last read.</summary>
    public required string Path { get; init; }

    /// <summary>What the system knew about the file when it was last read. The device isn't kept.</summary>
    public required FileStat Stat { get; init; }

    /// <summary>Bytes of decompressed, decoded text that have been read.</summary>
    public required long Bytes { get; init; }

    /// <summary>Where the record reader stands.</summary>
    public required ReaderState Reader { get; init; }

    /// <summary>The first decoded bytes, as many as <see cref="FileEvidence"/> keeps.</summary>
    public required Fingerprint Head { get; init; }

    /// <summary>The last decoded bytes before <see cref="Bytes"/>.</summary>
    public required Fingerprint Anchor { get; init; }

    /// <summary>How far the file has been taken.</summary>
    public FileStatus Status { get; init; }

    /// <summary>The last record was taken without its line break, because the file ended there.</summary>
    public bool IsOpenLine { get; init; }

    /// <inheritdoc/>
    public override long Offset => Reader.Line;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", Version);
        writer.WriteString("path", Path);
        writer.WriteString("status", Status switch { FileStatus.Done => "done", FileStatus.Failed => "failed", _ => "reading" });
        writer.WriteNumber("bytes", Bytes);
        writer.WriteNumber("line", Reader.Line);
        if (Reader.Records != 0)
        {
            writer.WriteNumber("records", Reader.Records);
        }

        if (Reader.Header is { } header)
        {
            writer.WriteStartArray("header");
            foreach (var name in header)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        }

        if (IsOpenLine)
        {
            writer.WriteBoolean("openLine", true);
        }

        writer.WriteString("head", Head.ToString());
        writer.WriteString("anchor", Anchor.ToString());
        writer.WriteNumber("inode", Stat.Inode);
        writer.WriteNumber("born", Stat.Born);
        writer.WriteNumber("size", Stat.Size);
        writer.WriteString("modified", Stat.Modified);
        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote. Null when it says nothing about a file: see <see cref="LinePosition"/>.</summary>
    /// <exception cref="ConnectorException">It was written by a newer version.</exception>
    public static FilePosition? Parse(SplitPosition stored)
    {
        if (stored.Json.Length == 0)
        {
            return null;
        }

        using var document = JsonDocument.Parse(stored.Json);
        var json = document.RootElement;
        if (json.GetProperty("v").GetInt32() != Version)
        {
            throw ConnectorException.User(
                $"A stored file position has version {json.GetProperty("v")}, and this DataFlow knows version {Version}. "
                + "Run with the version that wrote it, or start over with --fresh.");
        }

        if (!json.TryGetProperty("path", out var path))
        {
            return null;
        }

        var header = json.TryGetProperty("header", out var names) ? names.EnumerateArray().Select(name => name.GetString()!) : null;
        return new FilePosition
        {
            Path = path.GetString()!,
            Status = Enum.Parse<FileStatus>(json.GetProperty("status").GetString()!, ignoreCase: true),
            Bytes = json.GetProperty("bytes").GetInt64(),
            Reader = new ReaderState(json.GetProperty("line").GetInt64(), header?.ToArray())
            {
                Records = json.TryGetProperty("records", out var records) ? records.GetInt64() : 0,
            },
            IsOpenLine = json.TryGetProperty("openLine", out _),
            Head = Fingerprint.Parse(json.GetProperty("head").GetString()!),
            Anchor = Fingerprint.Parse(json.GetProperty("anchor").GetString()!),
            Stat = new FileStat(
                FileKind.Regular,
                json.GetProperty("size").GetInt64(),
                json.GetProperty("modified").GetDateTime(),
                0,
                json.GetProperty("inode").GetUInt64(),
                json.GetProperty("born").GetInt64()),
        };
    }
}

/// <summary>
/// Lines to skip at the start of the file at a path, as <c>ResumeFrom</c> and <c>state seek</c> ask for. Its split is the
/// path itself; once the file has gone on from there, it is kept as used.
/// </summary>
/// <param name="line">Physical lines to skip.</param>
/// <param name="isUsed">True when the file's own position takes over from here.</param>
internal sealed class LinePosition(long line, bool isUsed = false) : Position
{
    /// <summary>0 once it was followed: the lines are counted by the file's own position then.</summary>
    public override long Offset => isUsed ? 0 : line;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", 1);
        writer.WriteNumber("line", line);
        if (isUsed)
        {
            writer.WriteBoolean("used", true);
        }

        writer.WriteEndObject();
    }

    /// <summary>The lines that are still to be skipped, or null when there is no such request or it was followed already.</summary>
    public static long? Pending(SplitPosition? stored)
    {
        if (stored is not { } position)
        {
            return null;
        }

        if (position.Json.Length == 0)
        {
            return position.Offset;
        }

        using var document = JsonDocument.Parse(position.Json);
        var json = document.RootElement;
        return json.TryGetProperty("path", out _) || json.TryGetProperty("used", out _) ? null : position.Offset;
    }
}
