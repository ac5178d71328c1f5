using System.Collections.Concurrent;
using System.Text.Json;
using DataFlow.Conformance;

namespace DataFlow.UnitTests.Conformance;

public sealed class HttpSinkConformance : SinkConformance<HttpSinkFixture>;

/// <summary>A server on a loopback port that keeps what it is sent.</summary>
public sealed class HttpSinkFixture : ISinkFixture
{
    private const string NothingIsUndone = "What was sent to a server can't be taken back.";

    private readonly ConcurrentQueue<long> _numbers = new();
    private TestApi _api = null!;

    public static string Kind => "http";

    public static Waivers Waivers { get; } = Waivers.Of(
        ("What_was_written_after_the_last_commit_is_gone_when_it_is_opened_again", NothingIsUndone),
        ("What_was_written_before_the_first_commit_is_gone_when_it_is_opened_again", NothingIsUndone),
        ("A_run_that_was_taken_over_can_not_commit_any_more", "Nobody owns a server: several runs may send to it."));

    public string Secret => "token-that-nobody-must-see";

    public SinkCapabilities Capabilities => At(_api.Address, "/").Capabilities;

    public async ValueTask StartAsync(CancellationToken ct) => _api = await TestApi.StartAsync((context, number) =>
    {
        if (context.Request.Path == "/forbidden")
        {
            context.Response.StatusCode = 403;
            return Task.CompletedTask;
        }

        var numbers = JsonDocument.Parse(_api.Requests[number - 1].Body).RootElement.EnumerateArray()
            .Select(record => record.GetProperty("n")).Select(n => n.ValueKind == JsonValueKind.Number ? n.GetInt64() : long.Parse(n.GetString()!)).ToList();
        if (numbers.Contains(-1))
        {
            return context.JsonAsync("""{"error":"n must be positive"}""", 422);
        }

        numbers.ForEach(_numbers.Enqueue);
        return Task.CompletedTask;
    });

    public ISink Create() => At(_api.Address, "/").Create();

    public ISink CreateUnreachable() => At(new Uri("http://127.0.0.1:1"), "/").Create();

    public ISink CreateRefused() => At(_api.Address, "/forbidden").Create();

    public void AddRefused(RecordBatch batch) => SinkRows.Add(batch, "-1", "refused");

    public ValueTask<IReadOnlyList<long>> ReadAsync(CancellationToken ct) => ValueTask.FromResult<IReadOnlyList<long>>([.. _numbers]);

    public ValueTask DisposeAsync() => _api?.DisposeAsync() ?? ValueTask.CompletedTask;

    private ConfiguredSink At(Uri server, string path) => ConfiguredSink.Of(
        BuiltInCatalogue.Instance,
        $"{{ type: http, connection: '{new Uri(server, path)}', options: {{ format: json-array, auth-type: bearer, auth-token: {Secret}, max-retries: 1, retry-delay: 1ms }} }}");
}
