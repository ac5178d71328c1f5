using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DataFlow.Engine;

namespace DataFlow.Cli.Output;

/// <summary>Says how a run ended: for people in sentences, for programs as one JSON line.</summary>
internal static class RunReport
{
    /// <summary>What happened to every record, and what to do about the dead letters.</summary>
    public static void Write(TextWriter writer, string pipeline, string file, PipelineOutcome outcome)
    {
        var run = outcome.Run;
        if (outcome.State == RunState.Completed && run.Read == 0 && outcome.HadState)
        {
            writer.WriteLine($"{pipeline}: 0 new records; everything was delivered before. Run with --fresh to start over.");
            return;
        }

        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pipeline}: {Verb(outcome.State)} in {outcome.Elapsed.TotalSeconds:0.00} s, {Bytes.Format(run.Bytes)} read{Speed(outcome)}"));
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {run.Read,12:N0} read"));
        Line(writer, run.Delivered, "delivered", null);
        Line(writer, run.Filtered, "filtered out", null);
        Line(writer, run.DeadLettered, run.DeadLettered == 1 ? "dead letter" : "dead letters", outcome.DeadLetterReasons);
        Line(writer, run.Dropped, "dropped", null);
        Line(writer, run.Deduplicated, "read again and recognised", null);
        if (outcome.ParseOutcomes.Count > 0)
        {
            writer.WriteLine($"  of those delivered: {Reasons(outcome.ParseOutcomes)}");
        }

        if (run.DeadLettered > 0)
        {
            var are = run.DeadLettered == 1 ? "record is a dead letter; see it" : "records are dead letters; see them";
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"warning: {run.DeadLettered:N0} {are} with: dataflow dead-letters list {file}"));
        }
    }

    /// <summary>One JSON object on one line.</summary>
    public static string ToJson(string pipeline, PipelineOutcome outcome)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("pipeline", pipeline);
            json.WriteString("state", outcome.State.ToString().ToLowerInvariant());
            json.WriteNumber("read", outcome.Run.Read);
            json.WriteNumber("delivered", outcome.Run.Delivered);
            json.WriteNumber("filtered", outcome.Run.Filtered);
            json.WriteNumber("deadLettered", outcome.Run.DeadLettered);
            json.WriteNumber("deduplicated", outcome.Run.Deduplicated);
            json.WriteNumber("bytes", outcome.Run.Bytes);
            json.WriteNumber("elapsedMs", (long)outcome.Elapsed.TotalMilliseconds);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Verb(RunState state) => state switch
    {
        RunState.Completed => "completed",
        RunState.Stopped => "stopped",
        _ => "failed",
    };

    // Of a run that is over in no time a speed says nothing.
    private static string Speed(PipelineOutcome outcome) => outcome.Elapsed.TotalSeconds < 1 ? "" : string.Create(
        CultureInfo.InvariantCulture,
        $" ({outcome.Run.Read / outcome.Elapsed.TotalSeconds:N0} records/s, {Bytes.Format(outcome.Run.Bytes / outcome.Elapsed.TotalSeconds)}/s)");

    private static void Line(TextWriter writer, long count, string label, IReadOnlyDictionary<string, long>? reasons)
    {
        if (count > 0)
        {
            var why = reasons is { Count: > 0 } ? $" ({Reasons(reasons)})" : "";
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {count,12:N0} {label}{why}"));
        }
    }

    private static string Reasons(IReadOnlyDictionary<string, long> reasons) => string.Join(", ", reasons
        .OrderByDescending(reason => reason.Value)
        .ThenBy(reason => reason.Key, StringComparer.Ordinal)
        .Select(reason => string.Create(CultureInfo.InvariantCulture, $"{reason.Value:N0} {reason.Key}")));
}
