using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace DataFlow.UnitTests.Samples;

// <add-a-source>
/// <summary>What a pipeline file may say under options.</summary>
public sealed record FolderListingOptions
{
    [Option("Only files whose name ends with this text are listed.", Example = ".csv")]
    public string Suffix { get; init; } = "";
}

/// <summary>Lists the files of a folder: one record per file, in the order of their names.</summary>
public sealed class FolderListingSource(FolderListingOptions options, SourceSettings settings) : ISource
{
    private static readonly RecordSchema Schema = new([("name", FieldType.Text), ("bytes", FieldType.Int64)]);

    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        var folder = settings.Connection;
        if (!Directory.Exists(folder))
        {
            throw ConnectorException.User($"Folder not found: {folder}. Create it, or mend 'connection'.");
        }

        var files = new DirectoryInfo(folder).GetFiles()
            .Where(file => file.Name.EndsWith(options.Suffix, StringComparison.Ordinal))
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .ToList();
        var next = (int)(context.PositionOf(folder)?.Offset ?? 0);
        while (next < files.Count && !stop.IsCancellationRequested)
        {
            var batch = context.Pool.Rent(4096);
            batch.Identity = new RecordIdentity("folder-listing", folder);
            batch.Begin(Schema, context.BatchSize);
            for (; next < files.Count && batch.RowCount < context.BatchSize; next++)
            {
                var name = Encoding.UTF8.GetBytes(files[next].Name);
                var size = Encoding.UTF8.GetBytes($"{files[next].Length}");
                var start = batch.Append(name);
                batch.Append(size);
                var row = batch.AddRow(start, name.Length + size.Length);
                row[0] = new FieldRef(start, name.Length, FieldKind.Text);
                row[1] = new FieldRef(start + name.Length, size.Length, FieldKind.Text);
                batch.SetPosition(batch.RowCount - 1, next);
            }

            batch.AdvanceTo(folder, new FolderPosition(next));
            yield return batch;
            await Task.CompletedTask;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class FolderPosition(long files) : Position
    {
        public override long Offset => files;

        public override void Write(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteNumber("v", 1);
            writer.WriteNumber("files", files);
            writer.WriteEndObject();
        }
    }
}

// </add-a-source>
