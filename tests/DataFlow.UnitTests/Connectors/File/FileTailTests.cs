using DataFlow.Connectors;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Connectors;

public sealed class FileTailTests : IDisposable
{
    private static readonly FileSourceOptions Tail = new() { Format = RecordFormat.Text, Mode = FileReadMode.Tail };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Appended_lines_come_at_the_next_look_and_half_a_line_waits()
    {
        await using var run = Follow(_folder.Write("app.log", "one\ntwo\nthr"));
        Assert.Equal(["one", "two"], await run.UntilIdle());
        Assert.Empty(await run.After(1));
        _folder.Append("app.log", "ee\nfo");
        Assert.Equal(["three"], await run.After(1));
        Assert.True(run.Context.CaughtUpCalls >= 3);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_waited_for()
    {
        await using var run = Follow(_folder["app.log"]);
        Assert.Empty(await run.UntilIdle());
        Assert.Contains(run.Context.Messages, message => message.Contains("waiting for it"));
        _folder.Write("app.log", "");
        Assert.Empty(await run.After(1));
        _folder.Append("app.log", "one\n");
        Assert.Equal(["one"], await run.After(1));
    }

    [Fact]
    public async Task A_run_until_caught_up_ends_at_the_end_of_the_file_without_the_half_line()
    {
        var path = _folder.Write("app.log", "one\ntw");
        var context = new FileSourceContext();
        Assert.Equal(["one"], (await FileRun.ToEnd(context, path, Tail)).Texts);
        _folder.Append("app.log", "o\n");
        Assert.Equal(["two"], (await FileRun.ToEnd(context, path, Tail)).Texts);
    }

    [Fact]
    public async Task A_renamed_file_is_read_to_its_end_before_the_new_one()
    {
        await using var run = Follow(_folder.Write("app.log", "one\n"));
        Assert.Equal(["one"], await run.UntilIdle());
        _folder.Append("app.log", "two\n");
        File.Move(_folder["app.log"], _folder["app.log.1"]);
        _folder.Write("app.log", "new 1\n");
        _folder.Append("app.log.1", "three\n");

        Assert.Equal(["two", "three", "new 1"], await run.After(1));
        _folder.Append("app.log.1", "late, without a line break");
        Assert.Empty(await run.After(1));
        Assert.Empty(await run.After(3));
        Assert.Equal(["late, without a line break"], await run.After(2));
        _folder.Append("app.log", "new 2\n");
        Assert.Equal(["new 2"], await run.After(1));
        Assert.Equal(2, run.Context.Positions.Count);
    }

    [Fact]
    public async Task A_file_that_was_renamed_while_nobody_looked_is_read_to_its_end_first()
    {
        var context = new FileSourceContext { RunUntil = Until.Forever };
        await using (var first = Follow(_folder.Write("app.log", TempFolder.Lines(100)), context))
        {
            await first.UntilIdle();
        }

        _folder.Append("app.log", "last\n");
        File.Move(_folder["app.log"], _folder["app.log.1"]);
        _folder.Write("app.log", "new\n");

        await using var run = Follow(_folder["app.log"], Again(context));
        Assert.Equal(["last", "new"], await run.UntilIdle());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_log_that_was_compressed_after_its_rotation_is_neither_lost_nor_read_twice(bool pattern)
    {
        var content = TempFolder.Lines(100);
        var connection = pattern ? _folder["app.log*"] : _folder["app.log"];
        var context = new FileSourceContext { RunUntil = Until.Forever };
        _folder.Write("app.log", content);
        await using (var first = Follow(connection, context))
        {
            Assert.Equal(100, (await first.UntilIdle()).Count);
        }

        _folder.Write("app.log.1.gz", TempFolder.Gzip(content + "last\n"));
        File.Delete(_folder["app.log"]);
        _folder.Write("app.log", "new\n");

        context = Again(context);
        await using (var second = Follow(connection, context))
        {
            Assert.Equal(["last", "new"], await second.UntilIdle());
        }

        await using var third = Follow(connection, Again(context));
        Assert.Empty(await third.UntilIdle());
    }

    [Fact]
    public async Task A_truncated_file_starts_again_and_its_records_are_new_ones()
    {
        await using var run = Follow(_folder.Write("app.log", "head\none\ntwo\n"));
        await run.UntilIdle();
        using (var file = File.Open(_folder["app.log"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(0);
        }

        _folder.Append("app.log", "head\none\n");
        Assert.Equal(["head", "one"], await run.After(1));
        Assert.Contains(run.Context.Messages, message => message.Contains("was truncated after line 3"));
        Assert.Equal(run.Rows.Count, run.Rows.Select(row => row.DeliveryId).Distinct().Count());
    }

    [Fact]
    public async Task A_truncation_is_seen_although_the_file_has_grown_past_the_old_place()
    {
        await using var run = Follow(_folder.Write("app.log", "one\ntwo\n"));
        await run.UntilIdle();
        using (var file = File.Open(_folder["app.log"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(0);
            file.Write("1\n2\n3\n4\n5\n6\n"u8);
        }

        Assert.Equal(["1", "2", "3", "4", "5", "6"], await run.After(1));
    }

    [Fact]
    public async Task A_copy_that_was_made_before_the_truncation_goes_on_where_the_log_was()
    {
        var context = new FileSourceContext { RunUntil = Until.Forever };
        await using (var first = Follow(_folder.Write("app.log", TempFolder.Lines(100)), context))
        {
            await first.UntilIdle();
        }

        _folder.Append("app.log", "last\n");
        File.Copy(_folder["app.log"], _folder["app.log.1"]);
        using (var file = File.OpenWrite(_folder["app.log"]))
        {
            file.SetLength(0);
        }

        _folder.Append("app.log", "new\n");
        await using var run = Follow(_folder["app.log"], Again(context));
        Assert.Equal(["last", "new"], await run.UntilIdle());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_truncated_log_that_has_grown_past_the_old_place_does_not_hide_its_copy(bool pattern)
    {
        var connection = pattern ? _folder["app.log*"] : _folder["app.log"];
        var context = new FileSourceContext { RunUntil = Until.Forever };
        _folder.Write("app.log", TempFolder.Lines(100));
        await using (var first = Follow(connection, context))
        {
            await first.UntilIdle();
        }

        _folder.Append("app.log", "last\n");
        File.Copy(_folder["app.log"], _folder["app.log.1"]);
        using (var file = File.OpenWrite(_folder["app.log"]))
        {
            file.SetLength(0);
        }

        _folder.Append("app.log", TempFolder.Lines(200, first: 1001));
        await using var run = Follow(connection, Again(context));
        Assert.Equal(["last", .. TempFolder.Lines(200, first: 1001).TrimEnd('\n').Split('\n')], await run.UntilIdle());
        Assert.DoesNotContain(run.Context.Messages, message => message.Contains("is missing"));
    }

    [Fact]
    public async Task The_lost_end_of_a_log_that_was_truncated_while_nobody_looked_is_not_passed_over_in_silence()
    {
        var context = new FileSourceContext { RunUntil = Until.Forever };
        await using (var first = Follow(_folder.Write("app.log", "one\ntwo\n"), context))
        {
            await first.UntilIdle();
        }

        using (var file = File.OpenWrite(_folder["app.log"]))
        {
            file.SetLength(0);
        }

        _folder.Append("app.log", "new\n");
        await using (var second = Follow(_folder["app.log"], context = Again(context)))
        {
            Assert.Equal(["new"], await second.UntilIdle());
            Assert.Contains(second.Context.Messages, message => message.Contains("after line 2 was not found and is missing"));
        }

        await using var third = Follow(_folder["app.log"], Again(context));
        Assert.Empty(await third.UntilIdle());
        Assert.DoesNotContain(third.Context.Messages, message => message.Contains("is missing"));
    }

    [Theory]
    [InlineData("cr", "\r")]
    [InlineData("|", "|")]
    [InlineData("crlf", "\r\n")]
    public async Task Short_files_whose_records_end_with_something_else_are_followed_too(string option, string separator)
    {
        var options = Tail with { RecordSeparator = option };
        var path = _folder.Write("app.log", $"one{separator}two{separator}thr");
        await using var run = new FileRun(new FileSourceContext { RunUntil = Until.Forever }, path, options);
        Assert.Equal(["one", "two"], await run.UntilIdle());
        _folder.Append("app.log", $"ee{separator}");
        Assert.Equal(["three"], await run.After(1));
    }

    [Fact]
    public async Task A_new_file_with_the_old_name_and_inode_is_a_new_file()
    {
        await using var run = Follow(_folder.Write("app.log", "same\n"));
        await run.UntilIdle();
        File.Delete(_folder["app.log"]);
        await run.After(1);
        await run.After(5);
        _folder.Write("app.log", "same\nmore\n");
        Assert.Equal(["same", "more"], await run.After(1));
        Assert.Equal(3, run.Rows.Select(row => row.DeliveryId).Distinct().Count());
    }

    [Fact]
    public async Task New_files_that_match_the_pattern_are_followed_from_their_beginning()
    {
        _folder.Write("a.log", "a1\n");
        await using var run = Follow(_folder["*.log"]);
        Assert.Equal(["a1"], await run.UntilIdle());
        _folder.Write("b.log", "b1\n");
        _folder.Append("a.log", "a2\n");
        Assert.Equal(["a2", "b1"], await run.After(1));
        File.Move(_folder["a.log"], _folder["c.log"]);
        _folder.Append("c.log", "a3\n");
        Assert.Equal(["a3"], await run.After(1));
    }

    [Fact]
    public async Task Starting_at_the_end_gives_only_what_is_written_from_then_on_also_after_a_restart()
    {
        var path = _folder.Write("app.log", "old 1\nold 2\n");
        var options = Tail with { StartAt = StartAt.End };
        var context = new FileSourceContext { RunUntil = Until.Forever };
        await using (var run = new FileRun(context, path, options))
        {
            Assert.Empty(await run.UntilIdle());
        }

        _folder.Append("app.log", "new\n");
        await using var again = new FileRun(Again(context), path, options);
        Assert.Equal(["new"], await again.UntilIdle());
        Assert.Equal(3, again.Rows[0].Line);
    }

    [Fact]
    public async Task A_growing_compressed_file_is_followed_too()
    {
        await using var run = Follow(_folder.Write("app.log.gz", TempFolder.Gzip("one\n")));
        Assert.Equal(["one"], await run.UntilIdle());
        File.AppendAllBytes(_folder["app.log.gz"], TempFolder.Gzip("two\n"));
        Assert.Equal(["two"], await run.After(1));
    }

    [Fact]
    public async Task Every_file_gets_its_turn_when_there_is_much_to_read()
    {
        _folder.Write("a.log", TempFolder.Lines(1000));
        _folder.Write("b.log", TempFolder.Lines(1000));
        await using var run = new FileRun(new FileSourceContext { MostRecords = 10, RunUntil = Until.Forever }, _folder["*.log"], Tail);
        for (var batch = 0; batch < 20; batch++)
        {
            await run.Next();
        }

        Assert.Equal(2, run.Rows.Select(row => row.File).Distinct().Count());
    }

    [Fact]
    public async Task Stopping_while_it_waits_ends_at_once()
    {
        var run = Follow(_folder.Write("app.log", "one\n"));
        await run.UntilIdle();
        await run.DisposeAsync();
    }

    [Fact]
    public async Task A_writer_that_wants_the_file_for_itself_is_not_disturbed()
    {
        await using var run = Follow(_folder.Write("app.log", "one\n"));
        await run.UntilIdle();
        using (var writer = new FileStream(_folder["app.log"], FileMode.Append, FileAccess.Write, FileShare.None))
        {
            writer.Write("two\n"u8);
        }

        Assert.Equal(["two"], await run.After(1));
    }

    private static FileSourceContext Again(FileSourceContext context) => new() { RunUntil = Until.Forever, Positions = context.Positions };

    private static FileRun Follow(string path, FileSourceContext? context = null) =>
        new(context ?? new FileSourceContext { RunUntil = Until.Forever }, path, Tail);
}
