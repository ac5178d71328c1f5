#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
using DataFlow.Formats;

namespace DataFlow.Connectors;

internal enum OutputCompression
{
    None,
    Gzip,
    Zstd,
}

internal enum IfExistsPolicy
{
    Fail,
    Append,
    Overwrite,
}

internal sealed record FileSinkOptions : EncoderOptions
{
    [Option("Compress the file: none, gzip or zstd. Each commit ends a gzip member or zstd frame, so that the file is complete up "
        + "to there.", Identity = true)]
    public OutputCompression Compression { get; init; } = OutputCompression.None;

    [Option(
        "What to do with a file that is there already when the pipeline has no state for it, as in a first run or after --fresh: fail, "
        + "append or overwrite. An empty file counts as not there. A csv file is only appended to when its header is that of the "
        + "option columns.")]
    public IfExistsPolicy IfExists { get; init; } = IfExistsPolicy.Fail;

    [Option(
        "Go on in a new file once the current one has this many bytes, at the next commit; 0 never does. For users.ndjson the "
            + "next ones are "
        + "users-000001.ndjson, users-000002.ndjson; no file is ever renamed.",
        Example = "256MiB")]
    [OptionRange(0)]
    public ByteSize RotateBytes { get; init; }

    [Option("Go on in a new file once the current one has been written to for this long, at the next commit; 0 never "
        + "does.", Unit = "s", Example = "1h")]
    [OptionRange(0)]
    public TimeSpan RotateInterval { get; init; }

    /// <summary>True when the output may be more than one file.</summary>
    public bool CanRotate =>
        RotateBytes.Bytes > 0 || RotateInterval > TimeSpan.Zero || (Format == OutputFormat.Csv && OnNewField == NewFieldPolicy.Rotate);
}
