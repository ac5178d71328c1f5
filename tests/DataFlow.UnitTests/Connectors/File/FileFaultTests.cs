using DataFlow.Connectors;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Connectors;

public sealed class FileFaultTests : IDisposable
{
    private static readonly FileSourceOptions Text = new() { Format = RecordFormat.Text };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("claim", "FILE-24")]
    [Trait("claim", "OPS-08")]
    public async Task An_absent_file_says_where_it_was_looked_for_and_what_to_do()
    {
        var settings = FileRun.Settings(_folder["users.csv"], Text) with { ConfiguredConnection = "users.csv" };
        var source = new FileSourceConnector(settings, RecordReaders.Create);

        var error = await Assert.ThrowsAsync<ConnectorException>(() => ToEnd(source));
        Assert.Equal(
            $"File not found: {_folder["users.csv"]}. Check that the file exists when the pipeline runs "
            + $"and that its folders may be searched, and give an absolute path; 'users.csv' is relative and starts at {_folder.Path}.",
            error.Message);
        Assert.Equal(FaultOwner.User, error.Owner);
        var check = await Assert.ThrowsAsync<ConnectorException>(() => source.CheckAsync(CancellationToken.None).AsTask());
        Assert.Equal(error.Message, check.Message);
    }

    [Theory]
    [InlineData(nameof(FileReadMode.Once))]
    [InlineData(nameof(FileReadMode.Tail))]
    [InlineData(nameof(FileReadMode.Watch))]
    public async Task A_folder_is_refused_with_the_pattern_to_write(string mode)
    {
        var error = await Assert.ThrowsAsync<ConnectorException>(
            () => FileRun.ToEnd(new FileSourceContext(), _folder.Path, new FileSourceOptions { Mode = Enum.Parse<FileReadMode>(mode) }));
        Assert.Equal(
            $"{_folder.Path} is a folder, not a file. To read the files in it, write {_folder["*.csv"]} as the connection.", error.Message);
    }

    [Fact]
    public async Task A_pattern_that_matches_nothing_is_an_error_when_read_once()
    {
        var error = await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(new FileSourceContext(), _folder["*.csv"], Text));
        Assert.StartsWith($"File not found: no file matches *.csv in {_folder.Path}.", error.Message);
        error = await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(new FileSourceContext(), _folder["none/*.csv"], Text));
        Assert.StartsWith($"File not found: the folder {_folder["none"]} does not exist", error.Message);
    }

    [Fact]
    public async Task A_device_is_refused()
    {
        if (OperatingSystem.IsLinux())
        {
            var error = await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(new FileSourceContext(), "/dev/zero", Text));
            Assert.StartsWith("/dev/zero is a device, a pipe or a socket.", error.Message);
        }
    }

    [Fact]
    public void A_missing_right_is_named()
    {
        var path = _folder.Write("secret.csv", "a");
        var error = FileFaults.NoPermission(path, new UnauthorizedAccessException());
        Assert.StartsWith(
            $"Permission denied: {path} can't be read. The user '{Environment.UserName}' needs the right to read {path}", error.Message);
        Assert.Equal(FaultOwner.User, error.Owner);
    }

    [Fact]
    public async Task A_file_that_is_shortened_while_it_is_read_ends_the_run_and_half_a_line_is_not_delivered()
    {
        var content = TempFolder.Lines(5000);
        var path = _folder.Write("x.txt", content);
        await using var run = new FileRun(new FileSourceContext { MostRecords = 10, MostBytes = 4096 }, path, Text);
        await run.Next();
        using (var file = File.OpenWrite(path))
        {
            file.SetLength(20_003);
        }

        var error = await Assert.ThrowsAsync<ConnectorException>(async () =>
        {
            while (await run.Next())
            {
            }
        });
        Assert.StartsWith(
            $"{path} was shortened while it was read, from {content.Length} to 20003 bytes. "
            + $"What came before, up to line {run.Rows.Count}, was read and is kept.",
            error.Message);
        Assert.Equal(content[..20_003].Split('\n')[..^1], run.Texts);
    }

    [Fact]
    public async Task A_file_that_grows_while_it_is_read_is_read_to_its_new_end()
    {
        var path = _folder.Write("x.txt", TempFolder.Lines(100));
        await using var run = new FileRun(new FileSourceContext { MostRecords = 10 }, path, Text);
        await run.Next();
        _folder.Append("x.txt", "more\n");
        while (await run.Next())
        {
        }

        Assert.Equal(101, run.Rows.Count);
    }

    [Fact]
    public async Task A_policy_that_says_fail_ends_the_run_with_its_sentence()
    {
        var path = _folder.Write("x.txt", [.. "good\n"u8, 0xFF, (byte)'\n']);
        var options = Text with { OnInvalidBytes = InvalidBytesPolicy.Fail };
        await using var run = new FileRun(new FileSourceContext(), path, options);
        var error = await Assert.ThrowsAsync<ConnectorException>(async () =>
        {
            while (await run.Next())
            {
            }
        });
        Assert.Contains("Line 2", error.Message);
        Assert.Equal(["good"], run.Texts);
    }

    [Fact]
    public void An_unknown_encoding_is_refused_when_the_source_is_made()
    {
        var options = Text with { Encoding = "latin-unknown" };
        Assert.Throws<OptionException>(() => FileSourceDefinition.Definition.Create(FileRun.Settings(_folder["x"], options)));
    }

    [Fact]
    public void Options_that_contradict_each_other_are_named()
    {
        Assert.Equal(["move-to"], Keys(new FileSourceOptions { OnComplete = OnComplete.Move }));
        Assert.Equal(["move-to"], Keys(new FileSourceOptions { MoveTo = "done" }));
        Assert.Equal(["on-complete"], Keys(new FileSourceOptions { Mode = FileReadMode.Tail, OnComplete = OnComplete.Delete }));
        Assert.Equal(["start-at"], Keys(new FileSourceOptions { StartAt = StartAt.End }));
        Assert.Empty(Keys(new FileSourceOptions { Mode = FileReadMode.Watch, OnComplete = OnComplete.Move, MoveTo = "done" }));
    }

    [Fact]
    public void A_run_ends_by_itself_only_when_files_are_read_once()
    {
        var definition = FileSourceDefinition.Definition;
        Assert.Equal(Until.CaughtUp, definition.DefaultUntil(FileRun.Settings(_folder["x"], Text)));
        Assert.Equal(Until.Forever, definition.DefaultUntil(FileRun.Settings(_folder["x"], Text with { Mode = FileReadMode.Tail })));
        Assert.Equal(Until.Forever, definition.DefaultUntil(FileRun.Settings(_folder["x"], Text with { Mode = FileReadMode.Watch })));
        Assert.True(definition.Capabilities(FileRun.Settings(_folder["x"], Text)).Replayable);
    }

    private static IEnumerable<string> Keys(FileSourceOptions options) => options.Validate().Select(problem => problem.Key);

    private static async Task ToEnd(FileSourceConnector source)
    {
        await foreach (var batch in source.ReadAsync(new FileSourceContext(), CancellationToken.None))
        {
            batch.Release();
        }
    }
}
