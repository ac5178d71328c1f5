using System.Text;
using DataFlow.Connectors;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Connectors;

public sealed class FileOnceTests : IDisposable
{
    private static readonly FileSourceOptions Text = new() { Format = RecordFormat.Text };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("claim", "FILE-07")]
    [Trait("claim", "FILE-20")]
    [Trait("claim", "FILE-21")]
    public async Task A_text_file_gives_one_record_per_line_with_the_documented_metadata()
    {
        var path = _folder.Write("logs.txt", "first\nsecond\n");
        var run = await Read(path);
        var records = run.Records;

        Assert.Equal(["first", "second"], records.Select(record => record.Data["line"]));
        Assert.Equal(["1", "2"], records.Select(record => record.Data["line_number"]));
        Assert.Equal(Metadata(path, "text", line: 1), records[0].Metadata);
        Assert.Equal(records[0].DeliveryId.ToString(), records[0].Id);
        Assert.Equal(1, run.Context.CaughtUpCalls);
    }

    [Fact]
    [Trait("claim", "FILE-06")]
    [Trait("claim", "FILE-16")]
    [Trait("claim", "FILE-17")]
    [Trait("claim", "FILE-18")]
    [Trait("claim", "FILE-19")]
    [Trait("claim", "REC-02")]
    [Trait("claim", "REC-03")]
    public async Task The_json_example_of_the_guide_gives_its_records()
    {
        var path = _folder.Write("events.json", """
            {"id":"evt-1","type":"login","user":"alice","timestamp":"2024-01-01T10:00:00Z"}
            {"id":"evt-2","type":"page_view","user":"bob","page":"/home","timestamp":"2024-01-01T10:01:00Z"}
            {"id":"evt-3","type":"click","user":"alice","element":"button1","timestamp":"2024-01-01T10:02:00Z"}

            """);
        var records = (await Read(path, new FileSourceOptions { Format = RecordFormat.Json, Encoding = "UTF-8" })).Records;

        Assert.Equal(["evt-1", "evt-2", "evt-3"], records.Select(record => record.Id));
        Assert.Equal(
            new Dictionary<string, string> { ["type"] = "login", ["user"] = "alice", ["timestamp"] = "2024-01-01T10:00:00Z" },
            records[0].Data);
        Assert.Equal(Metadata(path, "json", line: 1), records[0].Metadata);
        Assert.Equal("/home", records[1]["page"]);
    }

    [Fact]
    public async Task A_last_line_without_a_line_break_is_a_record() =>
        Assert.Equal(["a", "b"], (await Read(_folder.Write("x.txt", "a\nb"))).Texts);

    [Fact]
    public async Task An_empty_file_gives_no_records_and_is_done()
    {
        var run = await Read(_folder.Write("x.txt", ""));
        Assert.Empty(run.Rows);
        Assert.Contains("\"done\"", Assert.Single(run.Context.Positions).Value.Json);
    }

    [Theory]
    [InlineData("UTF-8", true)]
    [InlineData("UTF-16LE", true)]
    [InlineData("UTF-16LE", false)]
    [InlineData("UTF-16BE", true)]
    [InlineData("UTF-32", true)]
    [InlineData("windows-1252", false)]
    public async Task A_byte_order_mark_is_removed_and_the_encoding_is_decoded(string name, bool mark)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var encoding = Encoding.GetEncoding(name is "UTF-16BE" ? "utf-16BE" : name is "UTF-16LE" ? "utf-16" : name);
        var bytes = encoding.GetBytes("Zoë\nMüller\n");
        var path = _folder.Write("x.txt", mark ? [.. encoding.GetPreamble(), .. bytes] : bytes);

        var run = await Read(path, Text with { Encoding = mark ? "UTF-8" : name });

        Assert.Equal(["Zoë", "Müller"], run.Texts);
        Assert.Equal(new FileInfo(path).Length, run.Bytes);
    }

    [Theory]
    [InlineData(1, 1 << 20, 1)]
    [InlineData(7, 1 << 20, 1)]
    [InlineData(1000, 1 << 20, 1)]
    [InlineData(1000, 4 << 10, 1)]
    [InlineData(1000, 4 << 10, 2)]
    [InlineData(100, 1 << 20, 2)]
    public async Task Records_do_not_depend_on_batch_size_buffer_size_or_workers(int records, int bytes, int workers)
    {
        var content = TempFolder.Lines(3000);
        var path = _folder.Write("x.txt", content);
        var context = new FileSourceContext { MostRecords = records, MostBytes = bytes, WorkerCount = workers };

        var run = await FileRun.ToEnd(context, path, Text);

        Assert.Equal(content.TrimEnd('\n').Split('\n'), run.Texts);
        Assert.Equal(Enumerable.Range(1, 3000).Select(line => (long)line), run.Rows.Select(row => row.Line));
        Assert.Equal(content.Length, run.Bytes);
        Assert.Equal((await Read(path)).Rows, run.Rows);
    }

    [Fact]
    public async Task A_line_longer_than_every_buffer_is_one_record()
    {
        var line = new string('x', 3 << 20);
        var run = await Read(_folder.Write("x.txt", $"a\n{line}\nb\n"));
        Assert.Equal(["a", line, "b"], run.Texts);
    }

    [Fact]
    public async Task A_line_over_the_limit_costs_that_line_only()
    {
        var run = await Read(_folder.Write("x.txt", $"a\n{new string('x', 5 << 20)}\nb\n"), Text with { MaxLineBytes = ByteSize.MiB(1) });
        Assert.Equal(["a", "b"], run.Texts);
        Assert.Equal([1L, 3L], run.Rows.Select(row => row.Line));
        Assert.Single(run.Errors);
    }

    [Fact]
    public async Task A_pattern_reads_the_matching_files_in_the_order_of_their_paths()
    {
        _folder.Write("b.txt", "b\n");
        _folder.Write("a.txt", "a\n");
        _folder.Write("sub/c.txt", "c\n");
        _folder.Write("sub/d.log", "d\n");
        _folder.Write("sub/old/e.txt", "e\n");

        Assert.Equal(["a", "b"], (await Read(_folder["*.txt"])).Texts);
        Assert.Equal(["a", "b", "c", "e"], (await Read(_folder["**/*.txt"])).Texts);
        Assert.Equal(["a", "b", "c"], (await Read(_folder["**/*.txt"], Text with { Exclude = "**/old/*" })).Texts);
        var run = await Read(_folder["sub/*"]);
        Assert.Equal([_folder["sub/c.txt"], _folder["sub/d.log"]], run.Rows.Select(row => row.File));
        Assert.Equal(2, run.Context.Positions.Count);
    }

    [Fact]
    public async Task Links_are_followed_once_and_never_in_a_circle()
    {
        _folder.Write("in/a.txt", "a\n");
        _folder.Write("in/sub/b.txt", "b\n");
        _folder.Write("elsewhere/c.txt", "c\n");
        Directory.CreateSymbolicLink(_folder["in/sub/up"], "..");
        Directory.CreateSymbolicLink(_folder["in/sub/further-up"], "../..");
        Directory.CreateSymbolicLink(_folder["in/outside"], _folder["elsewhere"]);
        Directory.CreateSymbolicLink(_folder["elsewhere/back"], _folder["in"]);
        File.CreateSymbolicLink(_folder["in/again.txt"], "a.txt");
        File.CreateSymbolicLink(_folder["in/nowhere.txt"], "missing");
        File.CreateSymbolicLink(_folder["in/itself.txt"], "itself.txt");

        Assert.Equal(["a", "b", "c"], (await Read(_folder["in/**/*.txt"])).Texts.Order());
    }

    [Fact]
    public async Task Files_are_read_oldest_first_when_asked_for()
    {
        File.SetLastWriteTimeUtc(_folder.Write("a.txt", "new\n"), new DateTime(2024, 1, 2, 0, 0, 0, DateTimeKind.Utc));
        File.SetLastWriteTimeUtc(_folder.Write("b.txt", "old\n"), new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        Assert.Equal(["old", "new"], (await Read(_folder["*.txt"], Text with { Order = FileOrder.Modified })).Texts);
    }

    [Fact]
    public async Task A_name_that_looks_like_a_pattern_is_the_file_of_that_name()
    {
        _folder.Write("a*.txt", "star\n");
        _folder.Write("ab.txt", "other\n");
        Assert.Equal(["star"], (await Read(_folder["a*.txt"])).Texts);
    }

    [Fact]
    public async Task Progress_counts_down_to_zero()
    {
        var path = _folder.Write("x.txt", TempFolder.Lines(100));
        await using var run = new FileRun(new FileSourceContext { MostRecords = 10 }, path, Text);
        Assert.Null(run.Source.BacklogBytes);
        await run.Next();
        Assert.Equal(new FileInfo(path).Length, run.Source.TotalBytes);
        Assert.Equal(new FileInfo(path).Length - run.Bytes, run.Source.BacklogBytes);
        while (await run.Next())
        {
        }

        Assert.Equal(0, run.Source.BacklogBytes);
    }

    [Fact]
    [Trait("claim", "OPS-04")]
    public async Task Stopping_frees_the_file_and_disposing_twice_is_harmless()
    {
        var path = _folder.Write("x.txt", TempFolder.Lines(5000));
        var run = new FileRun(new FileSourceContext { MostRecords = 10 }, path, Text);
        await run.Next();
        await run.DisposeAsync();
        await run.Source.DisposeAsync();
        if (OperatingSystem.IsLinux())
        {
            Assert.DoesNotContain(Directory.GetFiles("/proc/self/fd"), fd => new FileInfo(fd).LinkTarget == path);
        }
    }

    private static Dictionary<string, string> Metadata(string path, string format, int line) => new()
    {
        ["source"] = "file",
        ["file_path"] = path,
        ["format"] = format,
        ["line_number"] = $"{line}",
        ["timestamp"] = "2024-01-01T10:00:00Z",
    };

    private static Task<FileRun> Read(string path, FileSourceOptions? options = null) =>
        FileRun.ToEnd(new FileSourceContext(), path, options ?? Text);
}
