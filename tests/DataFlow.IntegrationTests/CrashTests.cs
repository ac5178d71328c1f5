using System.Globalization;
using System.Text;

namespace DataFlow.IntegrationTests;

/// <summary>The built command is killed, by itself at named points and from outside at random, while it moves a file.</summary>
public sealed class CrashTests
{
    private const int RunsKilledInARow = 6;

    private const string Pipeline = """
        name: crash
        source:
          type: file
          connection: in.csv
          options: { format: csv }
          batch-size: 200
        transforms:
          - filter: "kind <> 'skip'"
        sink:
          type: file
          connection: out.ndjson
        delivery: effectively-once
        commit-interval: 20ms
        """;

    public static TheoryData<string> CrashPoints => [.. CrashPoint.Names];

    [Theory]
    [MemberData(nameof(CrashPoints))]
    public async Task Dying_at_a_named_point_leaves_the_same_file_as_an_undisturbed_run(string point)
    {
        using var folder = Prepare(rows: 20_000, rotate: point == CrashPoint.AfterRotate);
        var golden = await GoldenAsync(folder);
        foreach (var time in (int[])[1, 2, 5])
        {
            Reset(folder);
            var first = await Cli.RunAsync(
                folder.Path, ["run", "crash.yaml"], new Dictionary<string, string> { [CrashPoint.Variable] = $"{point}:{time}" });

            // A run passes some points once only; the first time it must die.
            Assert.True(first.ExitCode == CliResult.Killed || (time > 1 && first.ExitCode == 0), $"{point}:{time} ended with {first.ExitCode}. {first.Error}");
            (await Cli.RunAsync(folder.Path, "run", "crash.yaml")).Succeeded();

            Assert.Equal(golden, Output(folder));
        }
    }

    [Fact]
    public async Task A_hundred_kills_at_random_leave_the_same_file_as_an_undisturbed_run()
    {
        using var folder = Prepare(rows: 60_000);
        var started = TimeProvider.System.GetTimestamp();
        var golden = await GoldenAsync(folder);
        var length = TimeProvider.System.GetElapsedTime(started);
        var random = new Random(4711);
        var kills = 0;
        var whileMoving = 0;
        while (kills < 100)
        {
            Reset(folder);
            for (var run = 0; run < RunsKilledInARow; run++)
            {
                var moving = run % 2 == 1;
                if (await KillAsync(folder, moving, length * random.NextDouble() / 2))
                {
                    kills++;
                    whileMoving += moving ? 1 : 0;
                }
            }

            (await Cli.RunAsync(folder.Path, "run", "crash.yaml")).Succeeded();
            Assert.Equal(golden, Output(folder));
        }

        Assert.True(whileMoving > 20, $"Only {whileMoving} of {kills} kills came while records moved.");
    }

    /// <summary>Starts a run and kills it after a pause, counted from its start or from its first output. False when it had finished before.</summary>
    private static async Task<bool> KillAsync(TemporaryFolder folder, bool moving, TimeSpan pause)
    {
        var before = Length(folder);
        using var process = Cli.Start(folder.Path, ["run", "crash.yaml"]);
        var finish = Cli.FinishAsync(process);
        while (moving && !finish.IsCompleted && Length(folder) == before)
        {
            await Task.WhenAny(finish, Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System));
        }

        // Once records move, what is left takes a fraction of the run: starting is most of it.
        await Task.WhenAny(finish, Task.Delay(moving ? pause / 4 : pause, TimeProvider.System));
        process.Kill();
        var result = await finish;
        Assert.True(result.ExitCode is 0 or CliResult.Killed, result.Error);
        return result.ExitCode == CliResult.Killed;
    }

    private static long Length(TemporaryFolder folder) =>
        new FileInfo(folder["out.ndjson"]) is { Exists: true } output ? output.Length : -1;

    private static TemporaryFolder Prepare(int rows, bool rotate = false)
    {
        var folder = new TemporaryFolder();
        var csv = new StringBuilder("id,kind,text\n");
        for (var row = 0; row < rows; row++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{row},{(row % 5 == 0 ? "skip" : "keep")},");
            csv.Append((row % 11) switch
            {
                0 => "\"with, comma and \"\"quotes\"\"\"",
                1 => "\"two\nlines\"",
                2 => "ünïcödé ☕",
                3 => "too,many,fields",
                _ => "plain",
            });
            csv.Append('\n');
        }

        folder.Write("in.csv", csv.ToString());
        folder.Write("crash.yaml", rotate ? Pipeline.Replace("  connection: out.ndjson", "  connection: out.ndjson\n  options: { rotate-bytes: 100KB }", StringComparison.Ordinal) : Pipeline);
        return folder;
    }

    private static async Task<string> GoldenAsync(TemporaryFolder folder)
    {
        (await Cli.RunAsync(folder.Path, "run", "crash.yaml")).Succeeded();
        return Output(folder);
    }

    private static void Reset(TemporaryFolder folder)
    {
        if (Directory.Exists(folder[".dataflow"]))
        {
            Directory.Delete(folder[".dataflow"], recursive: true);
        }

        foreach (var file in Directory.GetFiles(folder.Path, "out*"))
        {
            File.Delete(file);
        }
    }

    /// <summary>What was written, as one text: where a rotating output is cut depends on when it was committed.</summary>
    private static string Output(TemporaryFolder folder) =>
        string.Concat(Directory.GetFiles(folder.Path, "out*").OrderBy(Number, StringComparer.Ordinal).Select(File.ReadAllText));

    private static string Number(string path) => Path.GetFileNameWithoutExtension(path);
}
