using System.Text;
using DataFlow.Conformance;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;
using DataFlow.UnitTests.Connectors;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow.UnitTests.Engine;

/// <summary>
/// The bytes that come out of a pipeline from file to file don't depend on batch size, chunk size, workers, compression of the
/// input, commits or restarts.
/// </summary>
public sealed class EndToEndMetamorphicTests : IDisposable
{
    private const int Rounds = 40;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("csv", "has-header: true")]
    [InlineData("ndjson", "on-invalid-json: dead-letter")]
    [InlineData("text", "encoding: UTF-8")]
    public async Task The_output_is_the_same_however_the_pipeline_is_run(string format, string option)
    {
        var input = Input(format);
        _folder.Write("plain", input);
        _folder.Write("gzip", TempFolder.Gzip(input[..(input.Length / 3)], input[(input.Length / 3)..]));
        _folder.Write("zstd", TempFolder.Zstd(input[..(input.Length / 2)], input[(input.Length / 2)..]));
        var expected = await RunAsync(new Variant("plain", 1000, 512 << 10, 1, TimeSpan.FromHours(1), []), format, option);
        Assert.True(expected.Output.Length > input.Length / 2, "The reference run has written next to nothing.");
        Assert.True(format == "text" || expected.DeadLetters.Count > 10, "The reference run has no dead letters.");

        for (var seed = 0; seed < Rounds; seed++)
        {
            var random = new Random(seed);
            var variant = new Variant(
                new[] { "plain", "gzip", "zstd" }[random.Next(3)],
                new[] { 1, 7, 100, 1000, 5000 }[random.Next(5)],
                new[] { 1 << 10, 64 << 10, 512 << 10 }[random.Next(3)],
                random.Next(1, 4),
                random.Next(2) == 0 ? TimeSpan.Zero : TimeSpan.FromHours(1),
                [.. Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(1, 40))]);

            var actual = await RunAsync(variant, format, option);

            Assert.True(expected.Output.AsSpan().SequenceEqual(actual.Output), $"Seed {seed}: the output differs with {variant}.");
            Assert.True(
                expected.DeadLetters.SequenceEqual(actual.DeadLetters),
                $"Seed {seed}: {actual.DeadLetters.Count} dead letters instead of {expected.DeadLetters.Count}, or others, with {variant}.");
        }
    }

    private async Task<Result> RunAsync(Variant variant, string format, string option)
    {
        File.Delete(_folder["out.ndjson"]);
        var pipeline = PipelineFile.Parse(
            $$"""
            name: metamorphic
            source:
              type: file
              connection: {{variant.Input}}
              options: { format: {{format}}, {{option}} }
            sink: { type: file, connection: out.ndjson }
            """,
            _folder["pipeline.yaml"],
            BuiltInCatalogue.Instance);
        await using var durable = new InMemoryStateStore(TimeProvider.System);
        foreach (var crash in variant.Crashes)
        {
            await RunOnceAsync(pipeline, variant, durable, new FaultSchedule().At(crash, Fault.Crash));
        }

        var outcome = await RunOnceAsync(pipeline, variant, durable, new FaultSchedule());
        Assert.Null(outcome.Error);
        Assert.Equal(0, outcome.Totals.Unaccounted);
        var letters = await durable.DeadLetters.ListAsync("metamorphic", new DeadLetterFilter { Limit = 10_000 }, default);

        // The identity of a record is that of its file; what must agree between the three is what was bad, and where.
        return new Result(
            await File.ReadAllBytesAsync(_folder["out.ndjson"]),
            [.. letters.Select(letter => $"{letter.Error.Offset} {letter.Error.Reason} {Convert.ToHexString(letter.Error.Raw)}").Order(StringComparer.Ordinal)]);
    }

    private static Task<PipelineOutcome> RunOnceAsync(
        PipelineDefinition pipeline, Variant variant, InMemoryStateStore durable, FaultSchedule faults)
    {
        var spec = pipeline.ToSpec() with
        {
            CreateSource = () => new FaultySource(pipeline.CreateSource(), faults),
            CreateSink = () => FaultySink.Around(pipeline.CreateSink(), faults),
            BatchSize = variant.BatchSize,
            BatchBytes = variant.BatchBytes,
            Workers = variant.Workers,
            CommitInterval = variant.CommitInterval,
            MaxAttempts = 1,
        };
        return new PipelineRunner(spec, new FaultyStore(durable, faults), TimeProvider.System, NullLogger.Instance).RunAsync(default);
    }

    private static string Input(string format)
    {
        var random = new Random(7);
        var text = new StringBuilder(format == "csv" ? "id,name,note\n" : "");
        for (var row = 1; row <= 3000; row++)
        {
            var note = new[] { "", "plain", "a,b", "two\\nlines", "ä€😀", new string('x', random.Next(300)) }[random.Next(6)];
            text.Append((format, random.Next(40)) switch
            {
                ("csv", 0) => $"{row},too,many,fields\n",
                ("csv", 1) => $"{row},\"never closed\n",
                ("csv", 2) => $"{row},\"two\nlines\",\"say \"\"hi\"\"\"\n",
                ("csv", _) => $"{row},name {row},\"{note}\"\n",
                ("ndjson", 0) => $"{{\"id\":{row},\"cut\":\n",
                ("ndjson", 1) => $"{{\"note\":\"{note}\",\"id\":{row},\"new{row % 3}\":[1,{{\"a\":null}}]}}\n",
                ("ndjson", _) => $"{{\"id\":{row},\"name\":\"n\\u00e4me {row}\",\"note\":\"{note}\"}}\n",
                _ => $"{row} {note}\n",
            });
        }

        return text.ToString();
    }

    private sealed record Variant(string Input, int BatchSize, int BatchBytes, int Workers, TimeSpan CommitInterval, int[] Crashes)
    {
        public override string ToString() =>
            $"{Input} input, batch-size {BatchSize}, {BatchBytes} bytes, {Workers} workers, commits {CommitInterval}, crashes [{string.Join(", ", Crashes)}]";
    }

    private sealed record Result(byte[] Output, IReadOnlyList<string> DeadLetters);
}
