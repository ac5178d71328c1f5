namespace DataFlow.Formats;

/// <summary>Makes the reader for a format.</summary>
public static class RecordReaders
{
    /// <summary>A reader at the start of a stream of UTF-8.</summary>
    /// <exception cref="OptionException">An option can't be used with the format.</exception>
    public static IRecordReader Create(FormatOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Format switch
        {
            RecordFormat.Csv => new CsvRecordReader(options),
            RecordFormat.Json => new NdjsonRecordReader(options),
            RecordFormat.Text => new TextRecordReader(options),
            RecordFormat.JsonArray => new JsonArrayRecordReader(options),
            RecordFormat.JsonDocument => new JsonDocumentRecordReader(options),
            _ => throw new NotSupportedException($"There is no reader for the format {options.Format}."),
        };
    }
}
