using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace DataFlow.IntegrationTests;

/// <summary>
/// What users get wrong, and what the world does to them. Each case ends with an exit code and a sentence that says what was
/// found, where and what to do; and once the cause is mended, everything is delivered.
/// </summary>
public sealed class BadInputTests : IDisposable
{
    private const string Rows = "id,name\n1,Ann\n2,Bob\n";
    private const string Records = "{\"id\":\"1\",\"name\":\"Ann\"}\n{\"id\":\"2\",\"name\":\"Bob\"}\n";

    // What a script ends with when this machine can't show the case.
    private const int NotHere = 77;

    private readonly TemporaryFolder _folder = new();

    private string Output => File.ReadAllText(_folder["out.ndjson"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_missing_file_is_named_and_read_once_it_is_there()
    {
        Pipeline();

        Refused(await RunAsync(), 1, "File not found", _folder["in.csv"], "Check that the file exists", "is relative and starts at");

        _folder.Write("in.csv", Rows);
        await DeliversAsync(Records);
    }

    [Fact]
    public async Task A_folder_instead_of_a_file_gets_the_pattern_to_write()
    {
        Directory.CreateDirectory(_folder["data"]);
        Pipeline("data");

        Refused(await RunAsync(), 1, _folder["data"], "is a folder, not a file", "data/*.csv as the connection");

        _folder.Write("data/in.csv", Rows);
        Pipeline("data/*.csv");
        await DeliversAsync(Records, "--fresh");
    }

    [Fact]
    public async Task A_file_without_permission_says_who_needs_which_right()
    {
        OpenForEverybody();
        var input = _folder.Write("in.csv", Rows);
        Mode(input, UnixFileMode.None);
        Pipeline();

        var refused = await RunWithoutRightsAsync();
        Mode(input, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var mended = await RunWithoutRightsAsync();

        Refused(refused, 1, "Permission denied", _folder["in.csv"], "needs the right to read");
        mended.Succeeded();
        Assert.Equal(Records, Output);
    }

    [Theory]
    [InlineData("")]
    [InlineData("id,name\n")]
    public async Task A_file_without_records_is_done_and_what_is_added_later_is_read(string content)
    {
        _folder.Write("in.csv", content);
        Pipeline();

        var result = await RunAsync();

        result.Succeeded();
        Assert.Contains("0 read", result.Out, StringComparison.Ordinal);
        Assert.Equal("", Output);
        File.AppendAllText(_folder["in.csv"], Rows[content.Length..]);
        await DeliversAsync(Records);
    }

    [Fact]
    public async Task Utf16_with_a_byte_order_mark_is_recognised_although_utf8_was_said()
    {
        File.WriteAllText(_folder["in.csv"], Rows, Encoding.Unicode);
        Pipeline(options: "encoding: UTF-8");

        await DeliversAsync(Records);
    }

    [Fact]
    public async Task Utf16_without_a_mark_accounts_for_every_line_and_is_read_once_the_encoding_is_right()
    {
        File.WriteAllBytes(_folder["in.csv"], Encoding.Unicode.GetBytes(Rows));
        Pipeline(options: "encoding: UTF-8");

        await RunAsync();

        Assert.Contains(" 0 unaccounted", (await Cli.RunAsync(_folder.Path, "state", "show", "p.yaml")).Out, StringComparison.Ordinal);
        Pipeline(options: "encoding: UTF-16");
        await DeliversAsync(Records, "--fresh");
    }

    [Theory]
    [InlineData("fail", 1)]
    [InlineData("dead-letter", 0)]
    public async Task Latin1_bytes_in_utf8_are_named_by_line_and_read_once_the_encoding_is_right(string policy, int exitCode)
    {
        File.WriteAllBytes(_folder["in.csv"], Encoding.Latin1.GetBytes("id,name\n1,Jürgen\n2,Bob\n"));
        Pipeline(options: $"on-invalid-bytes: {policy}");

        Says(await RunAsync(), exitCode, "Line 2 holds bytes that are invalid in UTF-8", "Set encoding to what the data is really written in");

        Pipeline(options: "encoding: ISO-8859-1");
        await DeliversAsync("{\"id\":\"1\",\"name\":\"Jürgen\"}\n{\"id\":\"2\",\"name\":\"Bob\"}\n", "--fresh");
    }

    [Fact]
    public async Task Replaced_bytes_are_counted()
    {
        File.WriteAllBytes(_folder["in.csv"], Encoding.Latin1.GetBytes("id,name\n1,Jürgen\n2,Bob\n"));
        Pipeline();

        var result = await RunAsync();

        result.Succeeded();
        Assert.Contains("1 invalid-bytes-replaced", result.Out, StringComparison.Ordinal);
        Assert.Equal("{\"id\":\"1\",\"name\":\"J\uFFFDrgen\"}\n{\"id\":\"2\",\"name\":\"Bob\"}\n", Output);
    }

    [Fact]
    public async Task A_truncated_gzip_file_keeps_what_came_before_and_goes_on_in_the_complete_one()
    {
        var complete = Gzip(Numbers(50_000));
        File.WriteAllBytes(_folder["in.csv.gz"], complete[..(complete.Length / 2)]);
        Pipeline("in.csv.gz");

        Refused(await RunAsync(), 1, _folder["in.csv.gz"], "damaged or cut off", "is kept", "Put the complete file there and run again");

        Assert.InRange(Output.Length, 1, NumberRecords(50_000).Length - 1);
        Assert.StartsWith(Output, NumberRecords(50_000), StringComparison.Ordinal);
        File.WriteAllBytes(_folder["in.csv.gz"], complete);
        await DeliversAsync(NumberRecords(50_000));
    }

    [Fact]
    public async Task An_unknown_format_is_wrong_input_with_place_choices_and_suggestion()
    {
        _folder.Write("in.csv", Rows);
        Pipeline(options: "format: cvs");

        Refused(await RunAsync(), 2, "p.yaml:5:22", "source.options.format", "'cvs' is not allowed", "json-array", "Did you mean 'csv'?");

        Assert.False(Directory.Exists(_folder[".dataflow"]));
        Pipeline();
        await DeliversAsync(Records);
    }

    [Fact]
    public async Task A_line_of_100_MB_is_a_dead_letter_and_the_rest_is_delivered()
    {
        await using (var file = new StreamWriter(_folder["in.csv"]))
        {
            await file.WriteAsync("id,name\n1,Ann\n9,");
            var part = new string('x', 1_000_000);
            for (var i = 0; i < 100; i++)
            {
                await file.WriteAsync(part);
            }

            await file.WriteAsync("\n2,Bob\n");
        }

        Pipeline();

        Says(await RunAsync(), 0, "Line 3 is longer than max-line-bytes (16MiB)", "Raise max-line-bytes", "dataflow dead-letters list p.yaml");

        Assert.Equal(Records, Output);
        Assert.Contains(
            "3 read = 2 delivered + 0 filtered + 1 dead letters + 0 unaccounted",
            (await Cli.RunAsync(_folder.Path, "state", "show", "p.yaml")).Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_is_full_fails_the_run_and_nothing_counts_as_delivered()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full.");
        _folder.Write("in.csv", Rows);
        Pipeline(sink: "/dev/full");

        var result = await RunAsync();

        // Space may be made while it runs: a few attempts, each with its sentence.
        Refused(result, 1, "The disk is full while writing /dev/full", "free some space");
        Assert.All([1, 2, 3, 4], attempt => Assert.Contains($"Attempt {attempt} of pipeline p failed: The disk is full", result.Error, StringComparison.Ordinal));
        var state = await Cli.RunAsync(_folder.Path, "state", "show", "p.yaml");
        Assert.Contains("0 read = 0 delivered", state.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_that_runs_full_fails_the_run_and_the_next_one_with_room_gives_the_exact_file()
    {
        Directory.CreateDirectory(_folder["small"]);
        _folder.Write("in.csv", Numbers(100_000));
        Pipeline(sink: "small/out.ndjson", more: "delivery: effectively-once");

        var result = await ShellAsync(
            $"""
            exec unshare --user --map-root-user --mount bash -c '
                mount -t tmpfs -o size=1m none small || exit {NotHere}
                "$@" run p.yaml; first=$?
                mount -o remount,size=64m small || exit {NotHere}
                "$@" run p.yaml >second.txt 2>&1; second=$?
                cp small/out.ndjson out.ndjson
                exit $((first * 10 + second))' bash "$@"
            """);
        Assert.SkipWhen(result.ExitCode == NotHere || !File.Exists(_folder["second.txt"]), "This user can't mount a small file system.");

        Refused(result, 10, "The disk is full while writing", "small/out.ndjson", "taken back and written again", "free some space");
        Assert.Equal(NumberRecords(100_000), Output);
    }

    [Fact]
    public async Task A_state_folder_that_is_a_file_is_named_before_anything_is_written()
    {
        _folder.Write("in.csv", Rows);
        _folder.Write("state", "mine");
        Pipeline();

        Refused(await RunAsync("--state", "state"), 1, _folder["state"], "is a file", "--state DIR");

        Assert.False(File.Exists(_folder["out.ndjson"]));
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder["state"], TestContext.Current.CancellationToken));
        await DeliversAsync(Records);
    }

    [Theory]
    [InlineData("state")]
    [InlineData("state/below")]
    public async Task A_read_only_state_folder_is_named_before_anything_is_written(string state)
    {
        OpenForEverybody();
        Mode(_folder.Write("in.csv", Rows), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Directory.CreateDirectory(_folder["state"]);
        Mode(_folder["state"], UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        Pipeline();

        var refused = await RunWithoutRightsAsync("--state", state);

        Refused(refused, 1, _folder["state"], "Give this user the right to write there", "--state DIR");
        Assert.False(File.Exists(_folder["out.ndjson"]));
        await DeliversAsync(Records);
    }

    [Fact]
    public async Task A_second_run_of_a_pipeline_is_refused_with_the_process_that_holds_it()
    {
        _folder.Write("in.csv", Rows);
        Pipeline(options: "mode: tail", more: "until: forever");
        using var first = Cli.Start(_folder.Path, ["run", "p.yaml"]);
        var ended = Cli.FinishAsync(first);
        try
        {
            await Until.TrueAsync(() => File.Exists(_folder["out.ndjson"]) && Output == Records, ended);

            var owner = string.Create(CultureInfo.InvariantCulture, $"process {first.Id} on host");
            Refused(await RunAsync(), 1, "Pipeline 'p' is already running", owner, "Stop it first", "--instance NAME");
        }
        finally
        {
            first.Kill();
            await ended;
        }

        await DeliversAsync(Records, "--until", "caught-up");
    }

    [Theory]
    [InlineData("id,name\n7,Zed\n8,Yon\n9,Xav\n", "other content before that place")]
    [InlineData("id,name\n1,Ann\n", "has only 14 bytes")]
    public async Task A_file_that_was_replaced_or_shortened_between_runs_is_refused(string now, string found)
    {
        _folder.Write("in.csv", Rows);
        Pipeline();
        await DeliversAsync(Records);
        File.Move(_folder["in.csv"], _folder["kept"]);
        _folder.Write("in.csv", now);

        Refused(await RunAsync(), 1, "belongs to another file", _folder["in.csv"], "replaced or shortened", found, "--fresh");

        Assert.Equal(Records, Output);
        File.Move(_folder["kept"], _folder["in.csv"], overwrite: true);
        File.AppendAllText(_folder["in.csv"], "3,Cy\n");
        await DeliversAsync(Records + "{\"id\":\"3\",\"name\":\"Cy\"}\n");
    }

    [Fact]
    public async Task State_of_a_file_that_was_read_otherwise_is_refused_with_both_values()
    {
        _folder.Write("in.csv", Rows);
        Pipeline();
        await DeliversAsync(Records);
        Pipeline(options: "delimiter: ';'");

        Refused(await RunAsync(), 1, "belongs to another source", "source.options.delimiter was ',' ", "is ';' now", "change it back", "--fresh");

        Assert.Equal(Records, Output);
        Pipeline();
        File.AppendAllText(_folder["in.csv"], "3,Cy\n");
        await DeliversAsync(Records + "{\"id\":\"3\",\"name\":\"Cy\"}\n");
    }

    [Theory]
    [InlineData("x\n", "only 2 bytes")]
    [InlineData("{\"id\":\"1\",\"name\":\"Eve\"}\n{\"id\":\"2\",\"name\":\"Bob\"}\n", "they aren't the bytes that were written")]
    [InlineData(null, "it isn't there")]
    public async Task A_target_that_somebody_else_changed_is_left_as_it_is(string? now, string found)
    {
        _folder.Write("in.csv", Rows);
        Pipeline();
        await DeliversAsync(Records);
        File.AppendAllText(_folder["in.csv"], "3,Cy\n");
        File.Delete(_folder["out.ndjson"]);
        if (now is not null)
        {
            _folder.Write("out.ndjson", now);
        }

        Refused(await RunAsync(), 1, _folder["out.ndjson"], "changed by somebody else", found, "Put the file back as it was");

        Assert.Equal(now, File.Exists(_folder["out.ndjson"]) ? Output : null);
        _folder.Write("out.ndjson", Records);
        await DeliversAsync(Records + "{\"id\":\"3\",\"name\":\"Cy\"}\n");
    }

    [Fact]
    public async Task A_target_that_was_there_before_the_first_run_is_left_as_it_is()
    {
        _folder.Write("in.csv", Rows);
        _folder.Write("out.ndjson", "mine\n");
        Pipeline();

        Refused(await RunAsync(), 1, _folder["out.ndjson"], "is there already", "if-exists", "overwrite", "append");

        Assert.Equal("mine\n", Output);
        File.Delete(_folder["out.ndjson"]);
        await DeliversAsync(Records);
    }

    private static void Refused(CliResult result, int exitCode, params string[] words)
    {
        Says(result, exitCode, words);
        Assert.Contains("error: ", result.Error, StringComparison.Ordinal);
    }

    private static void Says(CliResult result, int exitCode, params string[] words)
    {
        Assert.True(result.ExitCode == exitCode, $"exit code {result.ExitCode}\n{result.Out}\n{result.Error}");
        Assert.All(words, word => Assert.Contains(word, result.Out + result.Error, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", result.Out + result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("This is not expected", result.Error, StringComparison.Ordinal);
    }

    private static string Numbers(int count) => "id,name\n" + string.Concat(Enumerable.Range(0, count).Select(id => $"{id},name {id}\n"));

    private static string NumberRecords(int count) =>
        string.Concat(Enumerable.Range(0, count).Select(id => $"{{\"id\":\"{id}\",\"name\":\"name {id}\"}}\n"));

    private static byte[] Gzip(string text)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Optimal))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return bytes.ToArray();
    }

    private static void Mode(string path, UnixFileMode mode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such rights.");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    private void OpenForEverybody() => Mode(_folder.Path, (UnixFileMode)0b111_111_111);

    private void Pipeline(string source = "in.csv", string options = "format: csv", string sink = "out.ndjson", string more = "") =>
        _folder.Write(
            "p.yaml",
            $$"""
            name: p
            source:
              type: file
              connection: {{source}}
              options: { {{options}} }
              poll-interval-ms: 50
            sink:
              type: file
              connection: {{sink}}
            {{more}}
            """);

    private Task<CliResult> RunAsync(params string[] options) => Cli.RunAsync(_folder.Path, ["run", "p.yaml", .. options]);

    private async Task DeliversAsync(string records, params string[] options)
    {
        (await RunAsync(options)).Succeeded();
        Assert.Equal(records, Output);
    }

    /// <summary>Runs as a user whom rights bind: they don't bind root.</summary>
    private async Task<CliResult> RunWithoutRightsAsync(params string[] options)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return await RunAsync(options);
        }

        var result = await ShellAsync(
            $"""
            nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
            $nobody test -r "$2" || exit {NotHere}
            exec $nobody "$@" run p.yaml {string.Join(' ', options)}
            """);
        Assert.SkipWhen(result.ExitCode == NotHere, "Rights don't bind root, and no other user can run the command here.");
        return result;
    }

    /// <summary>Runs a script whose arguments are the built command.</summary>
    private async Task<CliResult> ShellAsync(string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no such shell.");
        var start = new ProcessStartInfo("bash", ["-c", script, "bash", "dotnet", Path.Combine(AppContext.BaseDirectory, "DataFlow.Cli.dll")])
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["NO_COLOR"] = "1";
        using var process = Process.Start(start)!;
        return await Cli.FinishAsync(process);
    }
}

/// <summary>Waits for what another process does.</summary>
internal static class Until
{
    public static async Task TrueAsync(Func<bool> condition, Task<CliResult> ended)
    {
        while (!condition())
        {
            if (await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System)) == ended)
            {
                var result = await ended;
                Assert.Fail($"The command ended with {result.ExitCode} before that. {result.Out}\n{result.Error}");
            }
        }
    }
}
