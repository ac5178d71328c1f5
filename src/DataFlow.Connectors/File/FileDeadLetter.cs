using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>Reads the raw bytes of a dead letter of a file again, with the options as they are now.</summary>
internal static class FileDeadLetter
{
    public static void ReadAgain(SourceSettings settings, RecordBatch batch, RecordError letter, SplitPosition? position)
    {
        var options = (FileSourceOptions)settings.Options;
        var file = position is { } stored ? FilePosition.Parse(stored) : null;
        if (options is { Format: RecordFormat.Csv, HasHeader: true } && file?.Reader.Header is null)
        {
            throw ConnectorException.User(
                $"The header of {letter.Split} is not known any more, because its position was reset: its dead letters can't be read again.");
        }

        var reader = RecordReaders.Create(options);
        reader.Restore(new ReaderState(Math.Max(1, letter.Offset) - 1, file?.Reader.Header));
        reader.Read(batch, isFinal: true, int.MaxValue);
        batch.Metadata
            .Set("source", SourceType.File)
            .Set("file_path", file?.Path ?? letter.Split)
            .Set("format", FileSplit.NameOf(options.Format))
            .SetNumbers("line_number", static (rows, row) => rows.LineOf(row));
    }
}
