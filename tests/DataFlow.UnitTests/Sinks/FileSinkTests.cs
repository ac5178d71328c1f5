using DataFlow.Connectors;
using DataFlow.Formats;
using DataFlow.UnitTests.Encoders;

namespace DataFlow.UnitTests.Sinks;

public class FileSinkTests : SinkFixture
{
    private static readonly OutputCompression[] Compressions = [OutputCompression.None, OutputCompression.Gzip, OutputCompression.Zstd];

    [Fact]
    public async Task Records_are_in_the_file_after_a_commit()
    {
        await using var run = await OpenAsync();
        await run.WriteAsync(1, 2);
        await run.CommitAsync();
        Assert.Equal("{\"n\":\"1\"}\n{\"n\":\"2\"}\n", Text());
    }

    [Fact]
    public async Task A_run_that_dies_anywhere_and_goes_on_leaves_the_same_file()
    {
        foreach (var compression in Compressions)
        {
            var options = new FileSinkOptions { Compression = compression, IfExists = IfExistsPolicy.Overwrite };
            var whole = await RunAsync(options, _ => false);
            for (var dies = 0; dies < 12; dies++)
            {
                Assert.Equal(whole, await RunAsync(options, step => step == dies));
            }
        }
    }

    [Fact]
    public async Task Empty_input_leaves_an_empty_file()
    {
        await using (var run = await OpenAsync())
        {
            await run.CommitAsync();
        }

        Assert.Equal("", Text());
    }

    [Fact]
    public async Task Empty_input_leaves_the_header_of_known_columns()
    {
        await using (var run = await OpenAsync(new FileSinkOptions { Format = OutputFormat.Csv, Columns = ["id", "a,b"] }))
        {
            Assert.Equal("", Text());
            await run.CommitAsync();
        }

        Assert.Equal("id,\"a,b\"\n", Text());
    }

    [Fact]
    public async Task A_missing_folder_is_created_and_made_durable_up_to_the_one_that_was_there()
    {
        var path = Path.Combine(Folder, "a", "b", "out.ndjson");
        await using var run = await OpenAsync(path: path);
        Assert.True(File.Exists(path));
        Assert.Equal([Path.Combine(Folder, "a", "b"), Path.Combine(Folder, "a"), Folder], Files.SyncedFolders);
    }

    [Fact]
    public async Task A_commit_without_new_bytes_does_not_flush()
    {
        await using var run = await OpenAsync();
        await run.WriteAsync(1);
        await run.CommitAsync();
        var flushes = Files.Flushes;
        var state = run.State;
        await run.CommitAsync();
        Assert.Equal(flushes, Files.Flushes);
        Assert.Equal(state, run.State);
    }

    [Fact]
    public async Task A_file_that_was_there_is_refused_unless_an_option_says_what_to_do()
    {
        File.WriteAllText(Target, "somebody's\n");
        Assert.Contains("Set the sink's option if-exists to overwrite (start it anew) or append", await RefusalAsync());
        Assert.Equal("somebody's\n", Text());
        await using (var run = await OpenAsync(new FileSinkOptions { IfExists = IfExistsPolicy.Append }))
        {
            await run.WriteAsync(1);
            await run.CommitAsync();
            Assert.Equal("somebody's\n{\"n\":\"1\"}\n", Text());
        }

        await using (var run = await OpenAsync(new FileSinkOptions { IfExists = IfExistsPolicy.Overwrite }))
        {
            await run.WriteAsync(2);
            await run.CommitAsync();
        }

        Assert.Equal("{\"n\":\"2\"}\n", Text());
    }

    [Fact]
    public async Task An_empty_file_counts_as_not_there()
    {
        File.WriteAllText(Target, "");
        await using var run = await OpenAsync();
        Assert.NotNull(run.State);
    }

    [Fact]
    public async Task Appending_starts_on_a_line_of_its_own_and_is_undone_too()
    {
        File.WriteAllText(Target, "no line end");
        string? state;
        await using (var run = await OpenAsync(new FileSinkOptions { IfExists = IfExistsPolicy.Append }))
        {
            state = run.State;
            await run.WriteAsync(1);
        }

        await using (var run = await OpenAsync(new FileSinkOptions { IfExists = IfExistsPolicy.Append }, state))
        {
            Assert.Equal("no line end", Text());
            await run.WriteAsync(1);
            await run.CommitAsync();
        }

        Assert.Equal("no line end\n{\"n\":\"1\"}\n", Text());
    }

    [Fact]
    public async Task A_csv_file_is_appended_to_only_under_its_own_header()
    {
        var options = new FileSinkOptions { Format = OutputFormat.Csv, IfExists = IfExistsPolicy.Append };
        File.WriteAllText(Target, "n\n1\n");
        Assert.Contains("list its columns in the option columns", await RefusalAsync(options));
        Assert.Contains("its first line is not the header m", await RefusalAsync(options with { Columns = ["m"] }));
        await using var run = await OpenAsync(options with { Columns = ["n"] });
        await run.WriteAsync(2);
        await run.CommitAsync();
        Assert.Equal("n\n1\n2\n", Text());
    }

    [Fact]
    public async Task The_columns_of_a_csv_file_survive_a_restart()
    {
        var options = new FileSinkOptions { Format = OutputFormat.Csv };
        string? state;
        await using (var run = await OpenAsync(options))
        {
            await run.WriteAsync(Rows.Texts(["b", "a"], ["1", "2"]));
            await run.CommitAsync();
            state = run.State;
        }

        await using (var run = await OpenAsync(options, state))
        {
            await run.WriteAsync(Rows.Texts(["a"], ["3"]));
            await run.CommitAsync();
        }

        Assert.Equal("b,a\n1,2\n,3\n", Text());
        Assert.Contains("has the columns b, a, but the option columns now says a",
            await RefusalAsync(options with { Columns = ["a"] }, state));
    }

    [Fact]
    public async Task A_target_that_somebody_changed_is_refused()
    {
        string? state;
        await using (var run = await OpenAsync())
        {
            await run.WriteAsync(1);
            await run.CommitAsync();
            state = run.State;
        }

        var content = File.ReadAllText(Target);
        File.WriteAllText(Target, content[..^1]);
        Assert.Contains($"was changed by somebody else: its first {content.Length} bytes are this pipeline's output, but it has "
            + $"only {content.Length - 1} bytes", await RefusalAsync(state: state));
        File.WriteAllText(Target, content.Replace('1', '2'));
        Assert.Contains("but they aren't the bytes that were written", await RefusalAsync(state: state));
        File.Delete(Target);
        Assert.Contains("but it isn't there", await RefusalAsync(state: state));
        Assert.False(File.Exists(Target));
        Assert.Contains("start over with --fresh", await RefusalAsync(state: state));
    }

    [Fact]
    public async Task Starting_over_replaces_the_own_output_but_nobody_elses()
    {
        string? state, empty;
        await using (var run = await OpenAsync())
        {
            empty = run.State;
            await run.WriteAsync(1);
            await run.CommitAsync();
            state = run.State;
        }

        await using (var run = await OpenAsync(state: state, startsOver: true))
        {
            await run.WriteAsync(2);
            await run.CommitAsync();
        }

        Assert.Equal("{\"n\":\"2\"}\n", Text());
        await Assert.ThrowsAsync<ConnectorException>(() => OpenAsync(state: state, startsOver: true));
        await Assert.ThrowsAsync<ConnectorException>(() => OpenAsync(state: empty, startsOver: true));
        Assert.Equal("{\"n\":\"2\"}\n", Text());
    }

    [Fact]
    public async Task A_state_of_another_version_is_refused()
    {
        Assert.Contains("can't be read by this version", await RefusalAsync(state: "{\"v\":2,\"path\":\"x\"}"));
        Assert.Contains("can't be read by this version", await RefusalAsync(state: "?"));
    }

    [Fact]
    public async Task A_second_sink_on_the_same_target_is_refused_while_readers_are_not()
    {
        await using (var run = await OpenAsync())
        {
            Assert.Contains("is being written by another pipeline or process", await RefusalAsync());
            await run.WriteAsync(1);
            Assert.Equal("{\"n\":\"1\"}\n", Text());
        }

        await using var next = await OpenAsync(new FileSinkOptions { IfExists = IfExistsPolicy.Overwrite });
        Assert.NotNull(next.State);
    }

    [Fact]
    public async Task A_folder_a_file_on_the_way_and_a_missing_right_are_told_apart()
    {
        Assert.Contains("is a folder", await RefusalAsync(path: Folder));
        Assert.Contains("is a folder", await RefusalAsync(path: Folder + "/"));
        File.WriteAllText(Target, "");
        Assert.Contains($"{Target} is a file, so", await RefusalAsync(path: Path.Combine(Target, "x", "out.ndjson")));
        var failure = FileSinkFailure.ToOpen(Target, new UnauthorizedAccessException());
        Assert.Contains("There is no permission to write", failure.Message);
        Assert.Equal(FaultOwner.User, failure.Owner);
    }

    [Fact]
    public async Task A_full_disk_takes_nothing_half()
    {
        string? state;
        await using (var run = await OpenAsync())
        {
            await run.WriteAsync(1);
            await run.CommitAsync();
            state = run.State;
            Files.FreeBytes = 15;
            await run.WriteAsync(2);
            var failure = await Assert.ThrowsAsync<ConnectorException>(() => run.WriteAsync(3));
            Assert.Equal((FaultOwner.External, RetryAdvice.WithBackoff), (failure.Owner, failure.Retry));
            Assert.Contains("The disk is full while writing", failure.Message);
            await Assert.ThrowsAsync<ConnectorException>(run.CommitAsync);
        }

        Assert.Equal("{\"n\":\"1\"}\n{\"n\":\"2\"}\n{\"n\":", Text());
        Files.FreeBytes = long.MaxValue;
        await using (var run = await OpenAsync(state: state))
        {
            await run.WriteAsync(2, 3);
            await run.CommitAsync();
        }

        Assert.Equal("{\"n\":\"1\"}\n{\"n\":\"2\"}\n{\"n\":\"3\"}\n", Text());
    }

    [Fact]
    public async Task A_failed_flush_is_never_tried_again_on_the_same_bytes()
    {
        await using var run = await OpenAsync();
        await run.WriteAsync(1);
        Files.FailFlush = Files.Flushes + 1;
        Assert.Equal(FaultOwner.External, (await Assert.ThrowsAsync<ConnectorException>(run.CommitAsync)).Owner);
        var flushes = Files.Flushes;
        await Assert.ThrowsAsync<ConnectorException>(run.CommitAsync);
        await Assert.ThrowsAsync<ConnectorException>(() => run.WriteAsync(2));
        Assert.Equal(flushes, Files.Flushes);
    }

    [Fact]
    public async Task A_folder_that_can_not_be_flushed_fails_the_commit()
    {
        Files.FailFolderSync = true;
        Assert.Equal(FaultOwner.External, (await Assert.ThrowsAsync<ConnectorException>(() => OpenAsync())).Owner);
    }

    [Fact]
    public async Task A_pipe_takes_records_without_state()
    {
        await using var run = await OpenAsync(path: "/dev/null");
        await run.WriteAsync(1);
        await run.CommitAsync();
        Assert.Null(run.State);
    }

    [Fact]
    public async Task A_device_that_takes_no_more_is_a_full_disk()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full here.");
        await using var run = await OpenAsync(path: "/dev/full");
        Assert.Contains("The disk is full while writing /dev/full",
            (await Assert.ThrowsAsync<ConnectorException>(() => run.WriteAsync(1))).Message);
    }

    [Fact]
    public void What_can_be_promised_depends_on_the_target()
    {
        SinkCapabilities Of(string path) => FileSinkDefinition.Definition.Capabilities(new SinkSettings
        {
            PipelineId = "p",
            Connection = path,
            ConfiguredConnection = path,
            Options = new FileSinkOptions(),
            BaseDirectory = Folder,
        });
        Assert.Equal(SinkReplay.Undone, Of(Target).Replay);
        var stream = Of("/dev/null");
        Assert.Equal(SinkReplay.Repeated, stream.Replay);
        Assert.Contains("is no regular file", stream.WhyRepeated);
    }

    [Fact]
    public async Task Refused_rows_are_returned_and_the_others_written()
    {
        await using var run = await OpenAsync(new FileSinkOptions { Format = OutputFormat.Text, Field = "n" });
        var batch = Rows.Of(new RecordSchema("n"), [("a", FieldKind.Text)], [("", FieldKind.Absent)], [("b\nc", FieldKind.Text)],
            [("d", FieldKind.Text)]);
        var result = await run.WriteAsync(batch);
        await run.CommitAsync();
        Assert.Equal([(1, "no-such-field"), (2, "line-break")], result.Refused!.Select(row => (row.Row, row.Reason)));
        Assert.Equal("a\nd\n", Text());
    }

    private async Task<string> RunAsync(FileSinkOptions options, Func<int, bool> dies)
    {
        File.Delete(Target);
        var run = await OpenAsync(options);
        var step = 0;
        for (var committed = 0; committed < 12;)
        {
            // Two batches to a commit; after a death everything since the commit is read and written again.
            await run.WriteAsync(committed, committed + 1);
            var isDead = dies(step++);
            if (!isDead)
            {
                await run.WriteAsync(committed + 2);
                isDead = dies(step++);
            }

            if (isDead)
            {
                var state = run.State;
                await run.DisposeAsync();
                File.AppendAllText(Target, "half a rec");
                run = await OpenAsync(options, state);
                continue;
            }

            await run.CommitAsync();
            committed += 3;
        }

        await run.DisposeAsync();
        return Convert.ToHexString(File.ReadAllBytes(Target));
    }
}
