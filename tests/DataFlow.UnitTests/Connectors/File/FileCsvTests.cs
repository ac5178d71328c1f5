using DataFlow.Connectors;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Connectors;

public sealed class FileCsvTests : IDisposable
{
    private static readonly FileSourceOptions Csv = new();

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("claim", "FILE-05")]
    [Trait("claim", "FILE-12")]
    [Trait("claim", "FILE-15")]
    public async Task The_csv_example_of_the_guide_gives_its_records()
    {
        var path = _folder.Write("users.csv", "id,name,age,email\n1,Alice,30,alice@example.com\n2,Bob,25,bob@example.com\n");
        var options = new FileSourceOptions { Format = RecordFormat.Csv, HasHeader = true, Delimiter = ",", Encoding = "UTF-8" };
        var records = (await FileRun.ToEnd(new FileSourceContext(), path, options)).Records;

        Assert.Equal(["1", "2"], records.Select(record => record.Id));
        Assert.Equal(
            new Dictionary<string, string> { ["id"] = "1", ["name"] = "Alice", ["age"] = "30", ["email"] = "alice@example.com" },
            records[0].Data);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["source"] = "file",
                ["file_path"] = path,
                ["format"] = "csv",
                ["line_number"] = "2",
                ["timestamp"] = "2024-01-01T10:00:00Z",
            },
            records[0].Metadata);
    }

    [Theory]
    [InlineData("\t")]
    [InlineData("\\t")]
    [Trait("claim", "FILE-08")]
    public async Task The_tsv_example_of_the_guide_works(string delimiter)
    {
        var path = _folder.Write("data.tsv", "id\tname\n1\tAlice\n");
        var run = await FileRun.ToEnd(new FileSourceContext(), path, Csv with { Delimiter = delimiter });
        Assert.Equal("Alice", Assert.Single(run.Records)["name"]);
    }

    [Fact]
    public async Task A_file_with_only_a_header_gives_no_records_and_is_done()
    {
        var run = await FileRun.ToEnd(new FileSourceContext(), _folder.Write("x.csv", "id,name\n"), Csv);
        Assert.Empty(run.Rows);
        Assert.Contains("\"done\"", Assert.Single(run.Context.Positions).Value.Json);
    }

    [Fact]
    [Trait("claim", "FILE-31")]
    public async Task A_malformed_line_is_named_with_its_number_and_its_counts()
    {
        var path = _folder.Write("x.csv", "a,b,c\n1,2,3\n1,2\n4,5,6\n");
        var run = await FileRun.ToEnd(new FileSourceContext(), path, Csv);
        Assert.Equal(["1,2,3", "4,5,6"], run.Texts);
        var error = Assert.Single(run.Errors);
        Assert.Equal(3, error.Offset);
        Assert.StartsWith("Line 3: expected 3 fields as in the header, found 2", error.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_restart_after_any_batch_gives_the_same_records_also_where_quotes_span_lines(int workers)
    {
        var rows = Enumerable.Range(1, 40)
            .Select(number => number % 5 == 0 ? $"{number},\"two\nlines, {number}\"\n" : $"{number},x{number}\n");
        var path = _folder.Write("x.csv", "id,text\n" + string.Concat(rows));
        var undisturbed = await FileRun.ToEnd(new FileSourceContext { MostRecords = 3, WorkerCount = workers }, path, Csv);
        Assert.Equal(40, undisturbed.Rows.Count);
        for (var crashAfter = 1; crashAfter < undisturbed.Batches; crashAfter++)
        {
            var context = new FileSourceContext { MostRecords = 3, WorkerCount = workers };
            await using var first = new FileRun(context, path, Csv);
            while (first.Batches < crashAfter)
            {
                await first.Next();
            }

            var second = await FileRun.ToEnd(context, path, Csv);
            Assert.Equal(undisturbed.Rows, first.Rows.Concat(second.Rows));
            Assert.Equal(Values(undisturbed), Values(first).Concat(Values(second)));
        }
    }

    [Theory]
    [InlineData(1, 2, false)]
    [InlineData(2, 3, false)]
    [InlineData(3, 5, true)]
    [InlineData(4, 5, false)]
    [InlineData(5, 6, false)]
    [Trait("claim", "FILE-30")]
    public async Task Resuming_from_a_line_still_reads_the_header_and_never_starts_inside_a_record(long lines, long next, bool warns)
    {
        var path = _folder.Write("x.csv", "id,text\n1,a\n2,\"b\nb\"\n3,c\n4,d\n");
        var context = new FileSourceContext();
        context.Positions[path] = new SplitPosition(lines, "");

        var run = await FileRun.ToEnd(context, path, Csv);

        Assert.Equal(next, run.Rows[0].Line);
        Assert.Equal("d", run.Records[^1]["text"]);
        Assert.Equal(warns, context.Messages.Exists(message => message.Contains($"Line {lines} of {path} is inside a record")));
    }

    [Fact]
    public async Task A_quote_that_stays_open_holds_the_following_rows_back_for_the_longest_latency_only()
    {
        var tail = Csv with { Mode = FileReadMode.Tail };
        var path = _folder.Write("x.csv", "id,text\n1,a\n2,\"open\n3,c\n4,half");
        await using var run = new FileRun(new FileSourceContext { RunUntil = Until.Forever }, path, tail);
        Assert.Equal(["1,a"], await run.UntilIdle());
        Assert.Equal(["3,c"], await run.After(1));
        Assert.Equal(3, Assert.Single(run.Errors).Offset);
        _folder.Append("x.csv", " and whole\n5,\"b");
        Assert.Equal(["4,half and whole"], await run.After(1));
        _folder.Append("x.csv", "\nb\"\n");
        Assert.Equal(["5,\"b\nb\""], await run.After(1));
    }

    [Fact]
    public async Task A_followed_file_keeps_its_header_over_a_restart_and_a_rotated_one_has_its_own()
    {
        var tail = Csv with { Mode = FileReadMode.Tail };
        var context = new FileSourceContext { RunUntil = Until.Forever };
        await using (var first = new FileRun(context, _folder.Write("x.csv", "id,text\n1,a\n"), tail))
        {
            await first.UntilIdle();
        }

        _folder.Append("x.csv", "2,b\n");
        File.Move(_folder["x.csv"], _folder["x.csv.1"]);
        _folder.Write("x.csv", "number,word\n3,c\n");
        context = new FileSourceContext { RunUntil = Until.Forever, Positions = context.Positions };
        await using var run = new FileRun(context, _folder["x.csv"], tail);
        await run.UntilIdle();

        Assert.Equal(("b", "c"), (run.Records[0]["text"], run.Records[1]["word"]));
    }

    [Fact]
    [Trait("claim", "FILE-26")]
    public async Task A_large_file_is_read_in_little_memory()
    {
        const int Rows = 400_000;
        using (var writer = new StreamWriter(_folder["x.csv"]))
        {
            await writer.WriteLineAsync("id,name,city");
            for (var row = 0; row < Rows; row++)
            {
                await writer.WriteLineAsync("1234567890,somebody with a name,a place of many letters and words");
            }
        }

        var source = new FileSourceConnector(FileRun.Settings(_folder["x.csv"], Csv), RecordReaders.Create);
        long read = 0, most = 0;

        // Nothing waits here: all of it runs on this thread.
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        await foreach (var batch in source.ReadAsync(new FileSourceContext(), CancellationToken.None))
        {
            read += batch.RowCount;
            most = Math.Max(most, batch.Footprint);
            batch.Release();
        }

        Assert.Equal(Rows, read);
        Assert.InRange(most, 1, 2 << 20);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 8 << 20);
    }

    private static IEnumerable<string?> Values(FileRun run) => run.Records.Select(record => record["text"]);
}
