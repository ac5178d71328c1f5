using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace DataFlow.IntegrationTests;

/// <summary>Every command, as it is typed.</summary>
public sealed class CommandTests : IDisposable
{
    private static async Task TerminateAsync(Process process)
    {
        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private const string Rows = "id,name\n1,Ann\n2,Bob\n";
    private const string Ann = "{\"id\":\"1\",\"name\":\"Ann\"}\n";
    private const string Bob = "{\"id\":\"2\",\"name\":\"Bob\"}\n";
    private const string Cy = "{\"id\":\"3\",\"name\":\"Cy\"}\n";

    private readonly TemporaryFolder _folder = new();

    public CommandTests()
    {
        _folder.Write("in.csv", Rows);
        Pipeline();
    }

    private string Output => File.ReadAllText(_folder["out.ndjson"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_with_json_output_ends_stdout_with_one_line_of_counters()
    {
        _folder.Write("in.csv", Rows + "3,Cy,x\n4,Di\n");
        Pipeline(more: "transforms:\n  - filter: \"id <> '4'\"");

        var result = await DoneAsync("run", "p.yaml", "--output", "json");

        var line = Assert.Single(result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        using var json = JsonDocument.Parse(line);
        Assert.Equal(
            ["pipeline", "state", "read", "delivered", "filtered", "deadLettered", "deduplicated", "bytes", "elapsedMs"],
            json.RootElement.EnumerateObject().Select(property => property.Name));
        Assert.Equal("p", json.RootElement.GetProperty("pipeline").GetString());
        Assert.Equal("completed", json.RootElement.GetProperty("state").GetString());
        Assert.Equal([4, 2, 1, 1, 0], Numbers(json.RootElement, "read", "delivered", "filtered", "deadLettered", "deduplicated"));
    }

    [Fact]
    public async Task A_failed_run_with_json_output_still_ends_with_its_line()
    {
        Pipeline(source: "none.csv");

        var result = await Cli.RunAsync(_folder.Path, "run", "p.yaml", "--output", "json");

        Assert.Equal(1, result.ExitCode);
        using var json = JsonDocument.Parse(Assert.Single(result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal("failed", json.RootElement.GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_second_run_says_that_there_is_nothing_new_and_a_fresh_one_replaces_the_output()
    {
        await DoneAsync("run", "p.yaml");

        var second = await DoneAsync("run", "p.yaml");

        Says(second, "0 new records", "--fresh");
        Assert.Equal(Ann + Bob, Output);
        _folder.Write("in.csv", "id,name\n3,Cy\n");
        await DoneAsync("run", "p.yaml", "--fresh");
        Assert.Equal(Cy, Output);
    }

    [Fact]
    public async Task Dead_letters_are_a_warning_unless_the_run_is_strict()
    {
        _folder.Write("in.csv", Rows + "3,Cy,x\n");

        var strict = await Cli.RunAsync(_folder.Path, "run", "p.yaml", "--strict");
        var lenient = await DoneAsync("run", "p.yaml", "--fresh");

        Assert.Equal(1, strict.ExitCode);
        Says(strict, "1 dead letter (1 too-many-fields)");
        Says(lenient, "warning: 1 record is a dead letter", "dataflow dead-letters list p.yaml");
        Assert.Equal(Ann + Bob, Output);
    }

    [Fact]
    public async Task Sigterm_ends_an_endless_run_with_everything_delivered_and_the_next_one_goes_on()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        Pipeline(options: "mode: tail", more: "until: forever");
        using var process = Cli.Start(_folder.Path, ["run", "p.yaml"]);
        var ended = Cli.FinishAsync(process);
        await Until.TrueAsync(() => File.Exists(_folder["out.ndjson"]) && Output == Ann + Bob, ended);
        File.AppendAllText(_folder["in.csv"], "3,Cy\n");
        await Until.TrueAsync(() => Output == Ann + Bob + Cy, ended);

        await TerminateAsync(process);

        var result = await ended;
        result.Succeeded();
        Says(result, "p: stopped", "3 delivered");
        Assert.Equal(Ann + Bob + Cy, Output);
        File.AppendAllText(_folder["in.csv"], "4,Di\n");
        Says(await DoneAsync("run", "p.yaml", "--until", "caught-up"), "1 delivered");
        Assert.Equal(Ann + Bob + Cy + "{\"id\":\"4\",\"name\":\"Di\"}\n", Output);
    }

    [Fact]
    public async Task A_second_sigterm_ends_a_run_at_once_whose_sink_hangs()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        using (var pipe = Process.Start("mkfifo", [_folder["pipe"]]))
        {
            await pipe.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var name = new string('x', 1000);
        _folder.Write("in.csv", "id,name\n" + string.Concat(Enumerable.Range(0, 1000).Select(id => $"{id},{name}\n")));
        Pipeline(sink: "pipe");
        using var process = Cli.Start(_folder.Path, ["run", "p.yaml"]);
        using var reader = await Task.Run(() => new FileStream(_folder["pipe"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0));

        // The first batch is larger than a pipe: with one byte taken, its write waits for the others to be.
        Assert.Equal('{', reader.ReadByte());
        await TerminateAsync(process);
        for (var line = ""; !line.StartsWith("Stopping", StringComparison.Ordinal);)
        {
            line = await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new EndOfStreamException();
        }

        Assert.False(process.HasExited);
        await TerminateAsync(process);

        Assert.Equal(128 + 15, (await Cli.FinishAsync(process)).ExitCode);
    }

    [Fact]
    public async Task Validate_explain_and_preview_look_and_change_nothing()
    {
        Says(await DoneAsync("validate", "p.yaml"), "p.yaml: valid.");
        Says(await DoneAsync("validate", "p.yaml", "--connect"), "p.yaml: valid.");
        Says(await DoneAsync("explain", "p.yaml"), "Delivery: effectively-once.", "promised at-least-once", "Weakest link: none.");
        var preview = await DoneAsync("preview", "p.yaml", "-n", "1");

        Says(preview, "name", "Ann");
        Assert.DoesNotContain("Bob", preview.Out, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["out.ndjson"]));
        Assert.False(Directory.Exists(_folder[".dataflow"]));
    }

    [Fact]
    public async Task List_and_describe_show_what_there_is()
    {
        Says(await DoneAsync("list"), "sources", "sinks", "transforms", "  file ", "  test ", "  console ", "  null ", "  filter ", "  select ");
        Says(await DoneAsync("describe", "source", "file"), "source file:", "connection:", "delimiter (", "on-malformed (skip, pad, keep or fail; default skip)", "example");
        Says(await DoneAsync("describe", "sink", "file"), "sink file:", "if-exists (fail, append or overwrite; default fail)", "example");
        Says(await DoneAsync("describe", "transform", "select"), "transform select:", "rename (", "set (");
        Says(await WrongAsync("describe", "source", "kafak"), "There is no source 'kafak'. Did you mean 'kafka'?");
    }

    [Fact]
    public async Task Schema_is_a_json_schema_that_knows_the_keys()
    {
        var schema = await DoneAsync("schema");

        using var json = JsonDocument.Parse(schema.Out);
        Assert.True(json.RootElement.TryGetProperty("$schema", out _));
        var keys = json.RootElement.GetProperty("properties");
        Assert.All(["name", "source", "transforms", "sink", "delivery", "until"], key => Assert.True(keys.TryGetProperty(key, out _), key));
    }

    [Theory]
    [InlineData("file", "file")]
    [InlineData("file", "console")]
    [InlineData("test", "null")]
    public async Task New_writes_a_file_that_validates_and_never_overwrites_one(string source, string sink)
    {
        Says(await DoneAsync("new", source, "--sink", sink, "-o", "new.yaml"), "new.yaml written", "dataflow validate new.yaml");

        Says(await DoneAsync("validate", "new.yaml"), "new.yaml: valid.");
        Says(await WrongAsync("new", source, "-o", "new.yaml"), "new.yaml is there already");
        Assert.Equal(await File.ReadAllTextAsync(_folder["new.yaml"], TestContext.Current.CancellationToken), (await DoneAsync("new", source, "--sink", sink)).Out);
    }

    [Fact]
    public async Task State_is_shown_moved_and_reset()
    {
        Says(await WrongAsync("state", "show", "p.yaml"), "Pipeline 'p' has no state in", "it has not run yet");
        await DoneAsync("run", "p.yaml");

        Says(await DoneAsync("state", "show", "p.yaml"), "2 read = 2 delivered + 0 filtered + 0 dead letters + 0 unaccounted", "in.csv#", "offset 3  done", "run completed");
        using (var json = JsonDocument.Parse((await DoneAsync("state", "show", "p.yaml", "--json")).Out))
        {
            Assert.Equal([2, 2, 0, 0, 0], Numbers(json.RootElement, "read", "delivered", "filtered", "deadLettered", "unaccounted"));
            Assert.Single(json.RootElement.GetProperty("splits").EnumerateObject());
        }

        Says(await DoneAsync("state", "seek", "p.yaml", "2"), "goes on after offset 2");
        Says(await DoneAsync("run", "p.yaml"), "1 delivered");
        Assert.Equal(Ann + Bob + Bob, Output);

        Says(await DoneAsync("state", "reset", "p.yaml"), "the next run starts over");
        await DoneAsync("run", "p.yaml");
        Assert.Equal(Ann + Bob, Output);
    }

    [Fact]
    public async Task Dead_letters_are_listed_shown_and_delivered_once_the_pipeline_file_lets_them_pass()
    {
        _folder.Write("in.csv", "id,name\n1,Ann\n2,Bob,x\n3,Cy\n");
        Says(await DoneAsync("run", "p.yaml"), "1 dead letter (1 too-many-fields)");
        Says(await DoneAsync("dead-letters", "list", "p.yaml"), "p: 1 dead letter (1 too-many-fields)", "in.csv: Line 3:", "expected 2 fields", "found 3");
        Says(await DoneAsync("dead-letters", "show", "p.yaml", "1"), "too-many-fields (source)", "offset 3", "raw          7 bytes:", "2,Bob,x");
        Says(await WrongAsync("dead-letters", "show", "p.yaml", "9"), "no dead letter 9");
        Says(await DoneAsync("dead-letters", "replay", "p.yaml"), "0 delivered", "1 failed again");
        Pipeline(options: "on-malformed: keep");

        Says(await DoneAsync("dead-letters", "replay", "p.yaml"), "1 delivered", "0 failed again");

        Assert.Equal(Ann + Cy + "{\"id\":\"2\",\"name\":\"Bob\",\"extra1\":\"x\"}\n", Output);
        Says(await DoneAsync("state", "show", "p.yaml"), "3 read = 3 delivered + 0 filtered + 0 dead letters + 0 unaccounted", "replay");
        Says(await DoneAsync("dead-letters", "list", "p.yaml"), "no dead letters");
        Says(await DoneAsync("run", "p.yaml"), "0 new records");
    }

    [Fact]
    [Trait("claim", "OPS-11")]
    public async Task Records_that_fail_a_check_are_dead_letters_and_delivered_once_the_rule_is_mended()
    {
        void Checked(string rule) => _folder.Write(
            "p.yaml",
            $"source: {{ type: file, connection: in.csv }}\ntransforms:\n  - check: {{ rules: {{ known: \"{rule}\" }} }}\nsink: {{ type: file, connection: out.ndjson }}\n");
        _folder.Write("in.csv", Rows + "3,Cy\n");
        Checked("id < 3");
        Says(await DoneAsync("run", "p.yaml"), "1 dead letter (1 check-failed)");
        Says(
            await DoneAsync("dead-letters", "show", "p.yaml", "1"),
            "check-failed (transform)", "The record does not meet known (id < 3): id is '3'.", "3,Cy");
        Says(await DoneAsync("dead-letters", "replay", "p.yaml"), "0 delivered", "1 failed again");
        Checked("id < 4");

        Says(await DoneAsync("dead-letters", "replay", "p.yaml"), "1 delivered", "0 failed again");

        Assert.Equal(Ann + Bob + Cy, Output);
        Says(await DoneAsync("state", "show", "p.yaml"), "3 read = 3 delivered + 0 filtered + 0 dead letters + 0 unaccounted");
    }

    [Fact]
    public async Task An_unknown_key_is_named_with_its_place_and_the_one_that_was_meant()
    {
        Pipeline(options: "format: csv, delimitr: ';'");

        foreach (var command in (string[])["run", "validate", "explain", "preview"])
        {
            Says(await WrongAsync(command, "p.yaml"), "error: p.yaml:5:27: source.options.delimitr", "there is no such key", "Did you mean 'delimiter'?");
        }
    }

    [Fact]
    public async Task Effectively_once_into_a_console_is_refused_with_the_reason()
    {
        _folder.Write("p.yaml", "source: { type: file, connection: in.csv }\nsink: { type: console }\ndelivery: effectively-once\n");

        foreach (var command in (string[])["run", "validate", "explain"])
        {
            Says(
                await WrongAsync(command, "p.yaml"),
                "p.yaml:3:11", "effectively-once can't be guaranteed", "the sink 'console'", "what stands on a console can't be taken back", "delivery: at-least-once");
        }
    }

    [Fact]
    public async Task Wrong_arguments_are_wrong_input()
    {
        Says(await WrongAsync("run", "missing.yaml"), "missing.yaml: there is no such file", "check the path");
        Says(await WrongAsync("run"), "error: <file> is missing", "See: dataflow run --help");
    }

    [Fact]
    [Trait("claim", "FILE-22")]
    [Trait("claim", "FILE-31")]
    public async Task A_bad_record_is_a_warning_with_its_file_and_line_once()
    {
        _folder.Write("in.csv", Rows + "3,Cy,x\n");

        var result = await DoneAsync("run", "p.yaml");

        var warning = Assert.Single(result.Error.Split('\n'), line => line.StartsWith("warning: ", StringComparison.Ordinal));
        Assert.StartsWith($"warning: {_folder["in.csv"]}: Line 4: expected 2 fields as in the header, found 3. ", warning, StringComparison.Ordinal);
        Assert.EndsWith(" Skipped, now a dead letter (too-many-fields).", warning.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_split_is_moved_by_the_name_that_people_know()
    {
        await DoneAsync("run", "p.yaml");

        await DoneAsync("state", "seek", "p.yaml", "2", "--split", _folder["in.csv"]);

        Says(await DoneAsync("run", "p.yaml"), "1 delivered");
        Assert.Equal(Ann + Bob + Bob, Output);
    }

    [Fact]
    public async Task A_preview_shows_control_characters_instead_of_obeying_them()
    {
        _folder.Write("in.csv", "id,name\n1,\u001b[31mAnn\n2,日本\n");

        var preview = await DoneAsync("preview", "p.yaml");

        Assert.Equal("@id  id  name\n───  ──  ────────\n1    1   ␛[31mAnn\n2    2   日本\n", preview.Out);
    }

    [Fact]
    public async Task Help_calls_the_command_as_it_is_typed()
    {
        Says(await DoneAsync("--help"), "dataflow [command] [options]");
        Says(await DoneAsync("state", "seek", "--help"), "dataflow state seek <file> <offset> [options]");
        Assert.Matches(@"^\d+\.\d+\.\d+", (await DoneAsync("--version")).Out);
    }

    private static void Says(CliResult result, params string[] words)
    {
        Assert.All(words, word => Assert.Contains(word, result.Out + result.Error, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    private static IEnumerable<long> Numbers(JsonElement json, params string[] keys) => keys.Select(key => json.GetProperty(key).GetInt64());

    private async Task<CliResult> DoneAsync(params string[] arguments)
    {
        var result = await Cli.RunAsync(_folder.Path, arguments);
        result.Succeeded();
        return result;
    }

    private async Task<CliResult> WrongAsync(params string[] arguments)
    {
        var result = await Cli.RunAsync(_folder.Path, arguments);
        Assert.True(result.ExitCode == 2, $"exit code {result.ExitCode}\n{result.Out}\n{result.Error}");
        Assert.Contains("error: ", result.Error, StringComparison.Ordinal);
        return result;
    }

    private void Pipeline(string source = "in.csv", string sink = "out.ndjson", string options = "format: csv", string more = "") => _folder.Write(
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
}
