using System.Text;
using DataFlow.Connectors;
using DataFlow.UnitTests.Encoders;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.UnitTests.Sinks;

public class ConsoleSinkTests
{
    [Fact]
    public async Task A_table_is_aligned_whatever_alphabet_its_values_use()
    {
        var batch = Rows.Texts(["id", "name", "note"], ["1", "Alice", "x"], ["22", "日本", ""], ["3", "e\u0301", "z"]);
        Assert.Equal(
            "id  name   note\n──  ─────  ────\n1   Alice  x\n22  日本\n3   e\u0301      z\n",
            await WriteAsync(new ConsoleSinkOptions(), false, batch));
    }

    [Fact]
    public async Task A_long_value_is_cut_and_control_characters_are_shown()
    {
        var batch = Rows.Texts(["text"], ["0123456789"], ["a\nb\e[1m"], ["日本日本日本"]);
        Assert.Equal("text\n────────\n0123456…\na␊b␛[1m\n日本日…\n", await WriteAsync(new ConsoleSinkOptions { MaxWidth = 8 }, false, batch));
    }

    [Fact]
    public async Task Widths_come_from_the_first_batch_and_new_columns_start_a_new_table()
    {
        var text = await WriteAsync(
            new ConsoleSinkOptions(), false, Rows.Texts(["a", "b"], ["12", "x"]), Rows.Texts(["a", "b"], ["12345", "y"]),
                Rows.Texts(["a"], ["6"]));
        Assert.Equal("a   b\n──  ─\n12  x\n1…  y\n\na\n─\n6\n", text);
    }

    [Fact]
    public async Task Null_is_told_from_an_empty_text_and_colour_is_used_only_where_it_is_understood()
    {
        RecordBatch Batch() => Rows.Of(new RecordSchema("a", "b"), [("", FieldKind.Null), ("", FieldKind.Text)]);
        Assert.Equal("a     b\n────  ─\nnull\n", await WriteAsync(new ConsoleSinkOptions(), false, Batch()));
        Assert.Contains("\e[2mnull\e[0m", await WriteAsync(new ConsoleSinkOptions(), true, Batch()));
    }

    [Fact]
    public async Task Ndjson_csv_and_envelopes_are_written_as_in_a_file()
    {
        RecordBatch Batch() => Rows.Texts(["a", "b"], ["1", "x,y"]);
        Assert.Equal("{\"a\":\"1\",\"b\":\"x,y\"}\n",
            await WriteAsync(new ConsoleSinkOptions { Format = ConsoleFormat.Ndjson }, true, Batch()));
        Assert.Equal("a,b\n1,\"x,y\"\n1,\"x,y\"\n",
            await WriteAsync(new ConsoleSinkOptions { Format = ConsoleFormat.Csv }, true, Batch(), Batch()));
        Assert.Contains("\"data\":{\"a\":\"1\"",
            await WriteAsync(new ConsoleSinkOptions { Format = ConsoleFormat.Ndjson, Envelope = true }, true, Batch()));
    }

    [Fact]
    public async Task A_new_field_in_csv_starts_a_new_header() => Assert.Equal(
        "a\n1\n\na,b\n2,3\n4,\n",
        await WriteAsync(new ConsoleSinkOptions { Format = ConsoleFormat.Csv }, false, Rows.Json("{\"a\":1}", "{\"a\":2,\"b\":3}"),
            Rows.Json("{\"a\":4}")));

    [Fact]
    public void It_promises_no_more_than_a_console_can()
    {
        var settings = new SinkSettings
        {
            PipelineId = "p",
            Connection = "",
            ConfiguredConnection = "",
            Options = new ConsoleSinkOptions(),
            BaseDirectory = "/"
        };
        Assert.Equal(SinkReplay.Repeated, ConsoleSinkDefinition.Definition.Capabilities(settings).Replay);
        Assert.IsType<ConsoleSinkConnector>(ConsoleSinkDefinition.Definition.Create(settings));
    }

    private static async Task<string> WriteAsync(ConsoleSinkOptions options, bool hasColour, params RecordBatch[] batches)
    {
        using var output = new MemoryStream();
        await using var sink = new ConsoleSinkConnector(options, () => output, () => hasColour);
        await sink.OpenAsync(Context(), CancellationToken.None);
        foreach (var batch in batches)
        {
            await sink.WriteAsync(batch, CancellationToken.None);
            batch.Release();
        }

        Assert.Null(await sink.CommitAsync(Checkpoint.None, CancellationToken.None));
        return Encoding.UTF8.GetString(output.ToArray());
    }

    internal static SinkContext Context() => new()
    {
        PipelineId = "p",
        Generation = 1,
        Epoch = 1,
        Time = TimeProvider.System,
        Pool = BatchPool.Shared,
        Logger = NullLogger.Instance,
    };
}
