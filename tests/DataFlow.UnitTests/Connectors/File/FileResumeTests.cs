using DataFlow.Connectors;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Connectors;

public sealed class FileResumeTests : IDisposable
{
    private static readonly FileSourceOptions Text = new() { Format = RecordFormat.Text };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("plain")]
    [InlineData("utf-16")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [Trait("claim", "SRC-15")]
    [Trait("claim", "OPS-03")]
    public async Task A_restart_after_any_batch_gives_the_same_records(string kind)
    {
        var content = TempFolder.Lines(90);
        var path = _folder.Write("x.txt", Encode(kind, content));
        var undisturbed = await FileRun.ToEnd(new FileSourceContext { MostRecords = 7 }, path, Text);
        Assert.Equal(90, undisturbed.Rows.Count);
        for (var crashAfter = 1; crashAfter < undisturbed.Batches; crashAfter++)
        {
            var context = new FileSourceContext { MostRecords = 7 };
            var rows = new List<FileRow>();
            await using (var first = new FileRun(context, path, Text))
            {
                while (first.Batches < crashAfter)
                {
                    Assert.True(await first.Next());
                }

                rows.AddRange(first.Rows);
            }

            rows.AddRange((await FileRun.ToEnd(context, path, Text)).Rows);
            Assert.Equal(undisturbed.Rows, rows);
        }
    }

    [Fact]
    public async Task What_was_not_committed_is_read_again_with_the_same_delivery_ids()
    {
        var path = _folder.Write("x.txt", TempFolder.Lines(50));
        var context = new FileSourceContext { MostRecords = 10 };
        List<FileRow> lost;
        await using (var crashed = new FileRun(context, path, Text) { Commits = false })
        {
            await crashed.Next();
            await crashed.Next();
            lost = crashed.Rows;
        }

        Assert.Equal(lost, (await FileRun.ToEnd(context, path, Text)).Rows.Take(20));
    }

    [Fact]
    public async Task A_finished_file_gives_nothing_new()
    {
        var path = _folder.Write("x.txt", "a\n");
        var context = new FileSourceContext();
        await FileRun.ToEnd(context, path, Text);

        Assert.Empty((await FileRun.ToEnd(context, path, Text)).Rows);
        Assert.Contains(context.Messages, message => message.Contains("0 new records") && message.Contains("--fresh"));
    }

    [Fact]
    public async Task What_was_appended_to_a_finished_file_is_read()
    {
        var path = _folder.Write("x.txt", "a\nb\n");
        var context = new FileSourceContext();
        await FileRun.ToEnd(context, path, Text);
        _folder.Append("x.txt", "c\n");

        var run = await FileRun.ToEnd(context, path, Text);

        Assert.Equal(("c", 3L), (run.Texts.Single(), run.Rows[0].Line));
    }

    [Theory]
    [InlineData("\nc\n", false)]
    [InlineData("\r\nc\n", false)]
    [InlineData("x\nc\n", true)]
    public async Task The_line_break_of_a_last_line_may_come_later(string appended, bool warns)
    {
        var path = _folder.Write("x.txt", "a\nb");
        var context = new FileSourceContext();
        Assert.Equal(["a", "b"], (await FileRun.ToEnd(context, path, Text)).Texts);
        _folder.Append("x.txt", appended);

        var run = await FileRun.ToEnd(context, path, Text);

        Assert.Equal(warns ? ["x", "c"] : ["c"], run.Texts);
        Assert.Equal(warns, context.Messages.Exists(message => message.Contains("in the middle of line 2")));
    }

    [Fact]
    public async Task A_file_that_was_replaced_is_refused()
    {
        var path = _folder.Write("users.txt", TempFolder.Lines(50));
        var context = new FileSourceContext { MostRecords = 10 };
        await using (var first = new FileRun(context, path, Text))
        {
            await first.Next();
        }

        File.Delete(path);
        _folder.Write("users.txt", TempFolder.Lines(50, first: 7));

        var error = await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(context, path, Text));
        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.StartsWith(
            $"The state belongs to another file: {path} was replaced or shortened since it was read. The state stands at line 10",
            error.Message);
        Assert.Contains("--fresh", error.Message);
        Assert.Contains("state reset", error.Message);
    }

    [Fact]
    public async Task A_file_that_was_shortened_since_is_refused()
    {
        var path = _folder.Write("x.txt", TempFolder.Lines(50));
        var context = new FileSourceContext();
        await FileRun.ToEnd(context, path, Text);
        using (var file = File.OpenWrite(path))
        {
            file.SetLength(100);
        }

        var error = await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(context, path, Text));
        Assert.Contains("the file there now has only 100 bytes", error.Message);
    }

    [Fact]
    public async Task A_file_with_the_same_head_but_other_content_before_the_position_is_refused()
    {
        var head = TempFolder.Lines(100);
        var path = _folder.Write("x.txt", head + "old line\n");
        var context = new FileSourceContext();
        await FileRun.ToEnd(context, path, Text);
        _folder.Write("x.txt", head + "new line\nmore\n");

        var error = await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(context, path, Text));
        Assert.Contains("has other content before that place", error.Message);
    }

    [Fact]
    public async Task A_renamed_file_is_the_same_file()
    {
        var context = new FileSourceContext();
        _folder.Write("a.txt", TempFolder.Lines(20));
        var before = await FileRun.ToEnd(context, _folder["*.txt"], Text);
        File.Move(_folder["a.txt"], _folder["b.txt"]);
        _folder.Append("b.txt", "more\n");
        _folder.Write("a.txt", "another\n");

        var run = await FileRun.ToEnd(new FileSourceContext { Positions = context.Positions }, _folder["b*.txt"], Text);

        Assert.Equal(["more"], run.Texts);
        Assert.Equal(21, run.Rows[0].Line);
        Assert.Equal(20, before.Rows.Count);
    }

    [Fact]
    public async Task Two_files_with_the_same_content_are_two_files()
    {
        _folder.Write("a.txt", TempFolder.Lines(500));
        _folder.Write("b.txt", TempFolder.Lines(500));

        var run = await FileRun.ToEnd(new FileSourceContext(), _folder["*.txt"], Text);

        Assert.Equal(1000, run.Rows.Count);
        Assert.Equal(1000, run.Rows.Select(row => row.DeliveryId).Distinct().Count());
    }

    [Fact]
    public async Task A_file_that_an_editor_has_saved_with_more_lines_goes_on_after_the_known_ones()
    {
        var path = _folder.Write("x.txt", TempFolder.Lines(20));
        var context = new FileSourceContext();
        await FileRun.ToEnd(context, path, Text);
        File.Move(_folder.Write("x.txt.new", TempFolder.Lines(22)), path, overwrite: true);

        Assert.Equal([21L, 22L], (await FileRun.ToEnd(context, path, Text)).Rows.Select(row => row.Line));
    }

    [Fact]
    [Trait("claim", "FILE-29")]
    public async Task The_offset_is_the_number_of_lines_that_were_processed()
    {
        var path = _folder.Write("x.txt", TempFolder.Lines(50));
        var context = new FileSourceContext();
        await FileRun.ToEnd(context, path, Text);

        Assert.Equal(50, Assert.Single(context.Positions).Value.Offset);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    [Trait("claim", "FILE-30")]
    public async Task Resuming_from_a_line_skips_the_lines_before_it_once(int batchSize)
    {
        var path = _folder.Write("x.txt", TempFolder.Lines(1500));
        var request = FileSourceDefinition.Definition.PositionFromNumber!(FileRun.Settings(path, Text), 1000);
        var context = new FileSourceContext { MostRecords = batchSize };
        context.Positions[request.Split] = request.Position.ToSplitPosition();

        var run = await FileRun.ToEnd(context, path, Text);

        Assert.Equal((1001, 500), (run.Rows[0].Line, run.Rows.Count));
        Assert.Empty((await FileRun.ToEnd(context, path, Text)).Rows);
        Assert.Equal((await FileRun.ToEnd(new FileSourceContext(), path, Text)).Rows.Skip(1000), run.Rows);
    }

    [Fact]
    [Trait("claim", "FILE-30")]
    public async Task Seeking_back_in_a_finished_file_reads_it_again_under_the_same_split()
    {
        var path = _folder.Write("x.txt", TempFolder.Lines(50));
        var context = new FileSourceContext();
        var first = await FileRun.ToEnd(context, path, Text);
        var split = Assert.Single(context.Positions).Key;

        context.Positions[path] = new SplitPosition(40, "");
        Assert.Equal(first.Rows.Skip(40), (await FileRun.ToEnd(context, path, Text)).Rows);
        context.Positions[split] = new SplitPosition(45, "");
        Assert.Equal(first.Rows.Skip(45), (await FileRun.ToEnd(context, path, Text)).Rows);
        Assert.Empty((await FileRun.ToEnd(context, path, Text)).Rows);
    }

    [Fact]
    public async Task Resuming_after_the_end_gives_nothing()
    {
        var path = _folder.Write("x.txt", TempFolder.Lines(50));
        var context = new FileSourceContext();
        context.Positions[path] = new SplitPosition(1000, "");
        Assert.Empty((await FileRun.ToEnd(context, path, Text)).Rows);
    }

    [Fact]
    public void A_line_number_does_not_say_where_in_several_files()
    {
        var settings = FileRun.Settings(_folder["*.txt"], Text);
        var error = Assert.Throws<ConnectorException>(() => FileSourceDefinition.Definition.PositionFromNumber!(settings, 10));
        Assert.Contains("dataflow state set", error.Message);
    }

    [Fact]
    public async Task A_position_of_a_newer_version_is_refused()
    {
        var context = new FileSourceContext();
        context.Positions["x"] = new SplitPosition(1, """{"v":2}""");
        var error = await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(context, _folder.Write("x.txt", "a\n"), Text));
        Assert.Contains("version 2", error.Message);
    }

    [Fact]
    public async Task A_restart_in_a_json_file_gives_the_same_records()
    {
        var lines = Enumerable.Range(1, 60).Select(number => $"{{\"n\":{number},\"t\":\"é{number}\"}}\n");
        var path = _folder.Write("x.json", string.Concat(lines));
        var json = new FileSourceOptions { Format = RecordFormat.Json };
        var undisturbed = await FileRun.ToEnd(new FileSourceContext { MostRecords = 7 }, path, json);
        var context = new FileSourceContext { MostRecords = 7 };
        var rows = new List<FileRow>();
        for (var more = true; more;)
        {
            await using var run = new FileRun(context, path, json);
            more = await run.Next() && run.Rows.Count > 0;
            rows.AddRange(run.Rows);
        }

        Assert.Equal(undisturbed.Rows, rows);
    }

    private static byte[] Encode(string kind, string content) => kind switch
    {
        "gzip" => TempFolder.Gzip(content[..500], content[500..]),
        "zstd" => TempFolder.Zstd(content[..500], content[500..]),
        "utf-16" => [.. System.Text.Encoding.Unicode.GetPreamble(), .. System.Text.Encoding.Unicode.GetBytes(content)],
        _ => System.Text.Encoding.UTF8.GetBytes(content),
    };
}
