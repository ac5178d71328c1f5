using DataFlow.Connectors;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Connectors;

public sealed class FileWatchTests : IDisposable
{
    private static readonly FileSourceOptions Watch = new() { Format = RecordFormat.Text, Mode = FileReadMode.Watch };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_is_read_when_nobody_has_written_to_it_for_the_minimum_age()
    {
        await using var run = Start();
        Assert.Empty(await run.UntilIdle());
        Drop(run, "a.txt", "a\n");
        Assert.Empty(await run.After(1));
        _folder.Append("a.txt", "b\n");
        Touch(run, "a.txt");
        Assert.Empty(await run.After(1));
        Assert.Equal(["a", "b"], await run.After(1));
        Assert.Empty(await run.After(10));
    }

    [Fact]
    public async Task A_copy_that_carries_an_old_time_is_not_read_before_a_second_look()
    {
        await using var run = Start();
        await run.UntilIdle();
        Drop(run, "a.txt", "a\n", ageInSeconds: 1000);
        Assert.Empty(await run.After(1));
        _folder.Append("a.txt", "b\n");
        Touch(run, "a.txt", ageInSeconds: 1000);
        Assert.Empty(await run.After(1));
        Assert.Equal(["a", "b"], await run.After(1));
    }

    [Fact]
    public async Task A_time_in_the_future_does_not_hold_a_file_back_for_ever()
    {
        await using var run = Start();
        Drop(run, "a.txt", "a\n", ageInSeconds: -1000);
        Assert.Empty(await run.UntilIdle());
        Assert.Empty(await run.After(1));
        Assert.Equal(["a"], await run.After(1));
    }

    [Fact]
    public async Task A_run_until_caught_up_waits_until_every_file_is_ready()
    {
        var context = new FileSourceContext();
        await using var run = new FileRun(context, _folder["*.txt"], Watch);
        Drop(run, "a.txt", "a\n");
        Assert.Empty(await run.UntilIdle());
        Assert.Equal(0, context.CaughtUpCalls);
        await run.After(1);
        await run.After(1);
        Assert.False(await run.Next());
        Assert.Equal(("a", 1), (run.Texts.Single(), context.CaughtUpCalls));
    }

    [Fact]
    public async Task The_same_name_again_is_a_new_file_even_with_the_same_content()
    {
        var options = Watch with { MinAge = TimeSpan.Zero };
        await using var run = Start(options);
        await run.UntilIdle();
        Drop(run, "a.txt", "same\n", ageInSeconds: 9);
        Assert.Equal(["same"], await run.After(1));
        File.Delete(_folder["a.txt"]);
        Assert.Empty(await run.After(1));
        Drop(run, "a.txt", "same\n", ageInSeconds: 5);
        Assert.Equal(["same"], await run.After(1));
        Assert.Equal(2, run.Rows.Select(row => row.DeliveryId).Distinct().Count());
    }

    [Fact]
    public async Task A_read_file_is_not_read_again_after_a_restart()
    {
        var options = Watch with { MinAge = TimeSpan.Zero };
        var context = new FileSourceContext();
        _folder.Write("a.txt", "a\n");
        Assert.Equal(["a"], (await FileRun.ToEnd(context, _folder["*.txt"], options)).Texts);
        _folder.Write("b.txt", "b\n");
        Assert.Equal(["b"], (await FileRun.ToEnd(context, _folder["*.txt"], options)).Texts);
    }

    [Fact]
    public async Task A_damaged_file_is_a_dead_letter_and_the_others_go_on()
    {
        var options = Watch with { MinAge = TimeSpan.Zero };
        var context = new FileSourceContext();
        _folder.Write("a.gz", TempFolder.Gzip(TempFolder.Lines(100))[..^4]);
        _folder.Write("b.gz", TempFolder.Gzip("b\n"));

        var run = await FileRun.ToEnd(context, _folder["*.gz"], options);

        Assert.Equal("b", run.Texts.Last());
        var error = Assert.Single(run.Errors);
        Assert.Equal(("damaged-file", "source"), (error.Reason, error.Stage));
        Assert.StartsWith($"{_folder["a.gz"]} is compressed and damaged or cut off", error.Message);
        Assert.Empty((await FileRun.ToEnd(context, _folder["*.gz"], options)).Errors);

        _folder.Write("a.gz", TempFolder.Gzip(TempFolder.Lines(100)));
        var repaired = await FileRun.ToEnd(context, _folder["*.gz"], options);
        Assert.Equal(TempFolder.Lines(100).TrimEnd('\n').Split('\n'), run.Texts.SkipLast(1).Concat(repaired.Texts));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_completed_file_is_moved_or_deleted_only_after_the_acknowledgement(bool delete)
    {
        var options = delete ? Watch with { MinAge = TimeSpan.Zero, OnComplete = OnComplete.Delete }
            : Watch with { MinAge = TimeSpan.Zero, OnComplete = OnComplete.Move, MoveTo = _folder["done"] };
        var context = new FileSourceContext();
        _folder.Write("a.txt", "a\n");
        await using (var crashed = new FileRun(context, _folder["**/*.txt"], options) { Commits = false })
        {
            while (await crashed.Next())
            {
            }

            Assert.True(File.Exists(_folder["a.txt"]));
        }

        Assert.Equal(["a"], (await FileRun.ToEnd(context, _folder["**/*.txt"], options)).Texts);
        Assert.False(File.Exists(_folder["a.txt"]));
        Assert.Equal(!delete, File.Exists(_folder["done/a.txt"]));
        Assert.Empty((await FileRun.ToEnd(context, _folder["**/*.txt"], options)).Rows);
    }

    [Fact]
    public async Task A_file_that_was_committed_but_not_moved_is_moved_at_the_next_start()
    {
        var options = Watch with { MinAge = TimeSpan.Zero };
        var context = new FileSourceContext();
        _folder.Write("a.txt", "a\n");
        await FileRun.ToEnd(context, _folder["*.txt"], options);

        await FileRun.ToEnd(context, _folder["*.txt"], options with { OnComplete = OnComplete.Move, MoveTo = "done" });

        Assert.True(File.Exists(_folder["done/a.txt"]));
    }

    [Fact]
    public async Task A_file_that_was_changed_before_the_acknowledgement_is_left_alone()
    {
        var options = new FileSourceOptions { Format = RecordFormat.Text, OnComplete = OnComplete.Delete };
        var context = new FileSourceContext();
        var path = _folder.Write("a.txt", "a\n");
        var source = new FileSourceConnector(FileRun.Settings(path, options), RecordReaders.Create);
        var advances = new List<Advance>();
        await foreach (var batch in source.ReadAsync(context, CancellationToken.None))
        {
            advances.AddRange(batch.Advances);
            batch.Release();
        }

        _folder.Append("a.txt", "b\n");
        await source.AcknowledgeAsync(advances, CancellationToken.None);

        Assert.True(File.Exists(path));
        Assert.Contains(context.Messages, message => message.Contains("was changed or replaced after it was read"));
    }

    [Fact]
    public async Task A_name_that_is_taken_where_files_are_moved_to_gets_a_number()
    {
        var options = new FileSourceOptions { Format = RecordFormat.Text, OnComplete = OnComplete.Move, MoveTo = "done" };
        _folder.Write("done/a.txt", "earlier\n");
        _folder.Write("done/a-1.txt", "earlier\n");
        await FileRun.ToEnd(new FileSourceContext(), _folder.Write("a.txt", "a\n"), options);
        Assert.Equal("a\n", File.ReadAllText(_folder["done/a-2.txt"]));
    }

    [Fact]
    public async Task A_run_over_a_file_that_was_completed_and_is_gone_gives_nothing_new()
    {
        var options = new FileSourceOptions { Format = RecordFormat.Text, OnComplete = OnComplete.Delete };
        var context = new FileSourceContext();
        var path = _folder.Write("a.txt", "a\n");
        await FileRun.ToEnd(context, path, options);
        Assert.Empty((await FileRun.ToEnd(context, path, options)).Rows);
    }

    [Fact]
    public async Task A_failed_move_is_told_and_loses_nothing()
    {
        var options = new FileSourceOptions { Format = RecordFormat.Text, OnComplete = OnComplete.Move, MoveTo = "done" };
        _folder.Write("done", "a file, not a folder");
        var context = new FileSourceContext();
        var run = await FileRun.ToEnd(context, _folder.Write("a.txt", "a\n"), options);
        Assert.Equal(["a"], run.Texts);
        Assert.True(File.Exists(_folder["a.txt"]));
        Assert.Contains(context.Messages, message => message.Contains("on-complete: move failed"));
    }

    private FileRun Start(FileSourceOptions? options = null) =>
        new(new FileSourceContext { RunUntil = Until.Forever }, _folder["*.txt"], options ?? Watch);

    private void Drop(FileRun run, string name, string text, double ageInSeconds = 0)
    {
        _folder.Write(name, text);
        Touch(run, name, ageInSeconds);
    }

    private void Touch(FileRun run, string name, double ageInSeconds = 0) =>
        File.SetLastWriteTimeUtc(_folder[name], run.Context.Clock.GetUtcNow().UtcDateTime.AddSeconds(-ageInSeconds));
}
