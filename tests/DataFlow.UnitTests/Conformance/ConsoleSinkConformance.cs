using System.Text.Json;
using DataFlow.Conformance;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Conformance;

public sealed class ConsoleSinkConformance : SinkConformance<ConsoleSinkFixture>;

/// <summary>A console that remembers what was written on it.</summary>
public sealed class ConsoleSinkFixture : ISinkFixture
{
    private const string NothingIsUndone = "What stands on a console can't be taken back.";

    private readonly MemoryStream _console = new();

    public static string Kind => "console";

    public static Waivers Waivers { get; } = Waivers.Of(
        ("What_was_written_after_the_last_commit_is_gone_when_it_is_opened_again", NothingIsUndone),
        ("What_was_written_before_the_first_commit_is_gone_when_it_is_opened_again", NothingIsUndone),
        ("A_run_that_was_taken_over_can_not_commit_any_more", "Nobody owns a console: several runs may write on it."),
        ("A_row_that_the_target_refuses_is_returned_and_the_others_are_written", "A console takes every row."),
        ("A_target_that_does_not_answer_is_an_external_fault_that_may_pass", "A console has no other side."),
        ("Its_secrets_are_in_no_message_and_no_log", "The console sink has no secret options."));

    public SinkCapabilities Capabilities => ConfiguredSink.Of(BuiltInCatalogue.Instance, "{ type: console }").Capabilities;

    public ISink Create() => new ConsoleSinkConnector(
        new ConsoleSinkOptions { Format = ConsoleFormat.Ndjson }, () => new LeftOpen(_console), () => false);

    public ISink CreateRefused() => new ConsoleSinkConnector(
        new ConsoleSinkOptions { Format = ConsoleFormat.Ndjson }, () => new BrokenPipe(), () => false);

    public ValueTask<IReadOnlyList<long>> ReadAsync(CancellationToken ct) => ValueTask.FromResult<IReadOnlyList<long>>(
    [
        .. System.Text.Encoding.UTF8.GetString(_console.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("n"))
            .Select(n => n.ValueKind == JsonValueKind.Number ? n.GetInt64() : long.Parse(n.GetString()!)),
    ]);

    public ValueTask DisposeAsync() => _console.DisposeAsync();

    /// <summary>The console outlives the sinks that write on it.</summary>
    private sealed class LeftOpen(Stream console) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            console.WriteAsync(buffer, cancellationToken);
    }

    private sealed class BrokenPipe : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("Broken pipe");
    }
}
