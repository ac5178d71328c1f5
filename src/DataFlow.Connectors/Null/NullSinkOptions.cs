#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
using DataFlow.Formats;

namespace DataFlow.Connectors;

internal enum NullSinkFormat
{
    [OptionValue("ndjson", "json")]
    Ndjson,

    Csv,
}

internal sealed record NullSinkOptions
{
    [Option("Turn records into bytes before they are dropped, to measure that too.")]
    public bool Encode { get; init; }

    [Option("With encode: how records are written, ndjson or csv.")]
    public NullSinkFormat Format { get; init; } = NullSinkFormat.Ndjson;

    /// <summary>How to write CSV: fields that the first record doesn't have are left out.</summary>
    internal static EncoderOptions Csv { get; } = new() { Format = OutputFormat.Csv, OnNewField = NewFieldPolicy.DropCounted };
}
